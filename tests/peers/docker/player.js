// One player: prints "joined" when the server has let it into the world, or "refused: ..."; leaves when its input ends.
//
//   node player.js HOST PORT DOMAIN NAME SOURCE
'use strict'

const net = require('net')
const mc = require('minecraft-protocol')

const [host, port, domain, username, localAddress] = process.argv.slice(2)
const client = mc.createClient({
  host: domain,
  port: Number(port),
  username,
  version: '1.20.4',
  hideErrors: true,
  connect: client => client.setSocket(net.connect({ host, port: Number(port), localAddress }))
})
const began = Date.now()
const end = words => {
  console.log(words)
  process.exit(0)
}
client.on('login', () => console.log(`joined ${Date.now() - began}`))
client.on('disconnect', packet => end(`refused: ${JSON.stringify(packet.reason)}`))
client.on('kick_disconnect', packet => end(`refused: ${JSON.stringify(packet.reason)}`))
client.on('end', () => end('refused: closed'))
process.stdin.on('end', () => process.exit(0)).resume()
