// A Minecraft server for a container: answers pings, lets players in, and ends with the code of a JVM that was told to.
//
//   node server.js MOTD
'use strict'

const crypto = require('crypto')
const mc = require('minecraft-protocol')
const data = require('minecraft-data')('1.20.4')

const server = mc.createServer({ 'online-mode': false, host: '0.0.0.0', port: 25565, version: '1.20.4', motd: process.argv[2], hideErrors: true })
server.on('playerJoin', client => {
  client.write('login', { ...data.loginPacket, entityId: 1 })
  // As much as a world: by that the proxy tells players from knocks.
  client.write('custom_payload', { channel: 'drawbridge:test', data: crypto.randomBytes(200000) })
})
process.on('SIGTERM', () => process.exit(143))
