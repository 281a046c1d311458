// One player: prints "joined MILLISECONDS EPOCH" when the server has let it into the world, or "refused: ..."; leaves when
// its input ends. Follows a transfer, as a player's client does.
//
//   node player.js HOST PORT DOMAIN NAME SOURCE [VERSION [ACCOUNT]]
//
// ACCOUNT is JSON (account.js); without it the player cannot be verified.
'use strict'

const net = require('net')
const mc = require('minecraft-protocol')
const { withAccount } = require('./account')

const [host, port, domain, username, localAddress, version = '1.20.4', account] = process.argv.slice(2)
const began = Date.now()
const end = words => {
  console.log(words)
  process.exit(0)
}

function join (intent) {
  let sentOn = false
  const client = mc.createClient(withAccount({
    host: domain,
    port: Number(port),
    username,
    version,
    hideErrors: true,
    connect: client => client.setSocket(net.connect({ host, port: Number(port), localAddress }))
  }, account && JSON.parse(account)))
  if (intent !== 2) {
    const write = client.write
    client.write = (name, fields) => write.call(client, name, name === 'set_protocol' ? { ...fields, nextState: intent } : fields)
  }
  client.on('login', () => console.log(`joined ${Date.now() - began} ${Date.now()}`))
  // The library knows no transfers: the packet is the end of this connection.
  client.on('transfer', () => {
    sentOn = true
    console.log('transferred')
    client.end()
    join(3)
  })
  client.on('disconnect', packet => end(`refused: ${JSON.stringify(packet.reason)}`))
  client.on('kick_disconnect', packet => end(`refused: ${JSON.stringify(packet.reason)}`))
  client.on('end', () => { if (!sentOn) end('refused: closed') })
}

join(2)
process.stdin.on('end', () => process.exit(0)).resume()
