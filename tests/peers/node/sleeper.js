// A Minecraft server that something starts and stops: answers pings, lets players in, ends when its console says `stop` or
// with the code of a JVM that was told to (143). Prints "ready EPOCH" when its port is open, and "login EPOCH" for each
// log-in that comes; greets who joins.
//
//   node sleeper.js MOTD [PORT [VERSION [HABIT..]]]
//
// Habits of servers as they are: deaf (to its console and to SIGTERM), flood (its console), die (at once), never (opens),
// late (opens after two seconds). `online`: in online mode, with the session server at SESSION_SERVER.
'use strict'

const [motd, port = '25565', version = '1.20.4', ...habits] = process.argv.slice(2)
const has = habit => habits.includes(habit)

if (has('die')) process.exit(7)
process.on('SIGTERM', () => { if (!has('deaf')) process.exit(143) })
process.stdin.on('data', text => { if (/^stop$/m.test(String(text)) && !has('deaf')) process.exit(0) })
process.stdin.on('error', () => {})
if (has('flood')) setInterval(() => process.stdout.write('\xff\xfe nothing that anybody reads\n'.repeat(2000)), 5)

function open () {
  const crypto = require('crypto')
  const mc = require('minecraft-protocol')
  const { say } = require('./chat')
  const data = require('minecraft-data')(version)
  if (has('online')) {
    // The library has no option for another session server: its factory is given a host before first use.
    const yggdrasil = require('yggdrasil')
    const factory = yggdrasil.server
    yggdrasil.server = options => factory({ ...options, host: process.env.SESSION_SERVER })
  }
  const server = mc.createServer({ 'online-mode': has('online'), enforceSecureProfile: false, host: '0.0.0.0', port: Number(port), version, motd, hideErrors: true })
  server.on('listening', () => console.log(`ready ${Date.now()}`))
  server.on('connection', client => client.on('login_start', () => console.log(`login ${Date.now()}`)))
  server.on('playerJoin', client => {
    client.write('login', data.loginPacket
      ? { ...data.loginPacket, entityId: 1 }
      : { entityId: 1, gameMode: 1, dimension: 0, difficulty: 1, maxPlayers: 20, levelType: 'default', hashedSeed: [1, 2], viewDistance: 10, reducedDebugInfo: false, enableRespawnScreen: true })
    // As much as a world: by that the proxy tells players from knocks.
    const channel = client.version && data.version.version < 393 ? 'MC|Test' : 'drawbridge:test'
    for (let i = 0; i < 8; i++) client.write('custom_payload', { channel, data: crypto.randomBytes(25000) })
    say(client, `welcome ${client.username}`)
  })
}

if (has('never')) setInterval(() => {}, 1000)
else setTimeout(open, has('late') ? 2000 : 0)
