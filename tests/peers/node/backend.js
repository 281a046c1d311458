// Real Minecraft servers for the runner: several in one process, each with a version and a port of its own.
//
//   node backend.js '[{"name": "...", "kind": "minecraft-protocol", "version": "1.8.8", ...}]'
//
// A server says "ready" with its port, greets who joins, repeats what is said, sends chunks, and keeps a record
// of every session for the runner to compare with what the client saw.
'use strict'

const crypto = require('crypto')
const minecraftData = require('minecraft-data')
const nbt = require('prismarine-nbt')
const yggdrasil = require('yggdrasil')
const { emit, serve } = require('./lines')
const { randomPacket } = require('./random_packet')
const { Digest, tap } = require('./wire')

// Bytes in the buffer of each chunk of a join: an empty one, both sides of the compression threshold, large ones.
const joinChunks = [0, 10, 200, 256, 300, 4096, 30000, 64 * 1024, 200000]
const chunkEvery = 1500 // ms, while the player stays

const sessions = new Map() // user name -> record and who waits for its end

function packetId (mcData, name) {
  const mappings = mcData.protocol.play.toClient.types.packet[1][0].type[1].mappings
  return Number(Object.entries(mappings).find(([, packet]) => packet === name)[0])
}

function readVarInt (buffer) {
  let value = 0
  for (let at = 0; at < 5; at++) {
    value |= (buffer[at] & 0x7f) << (7 * at)
    if (!(buffer[at] & 0x80)) break
  }
  return value
}

// Follows one connection below and above the codec. `record()` is what the runner gets.
class Session {
  constructor (server, client, mcData) {
    this.client = client
    this.server = server
    this.wire = tap(client.socket)
    this.remote = client.socket.remoteAddress
    this.chunks = { count: 0, digest: new Digest() }
    this.keepAlives = 0
    this.heard = []
    this.errors = []
    const chunkId = packetId(mcData, 'map_chunk')
    client.on('state', state => {
      if (state !== 'play') return
      client.serializer.on('data', packet => {
        if (readVarInt(packet) !== chunkId) return
        this.chunks.count++
        this.chunks.digest.add(packet)
      })
    })
    client.on('keep_alive', () => this.keepAlives++)
    client.on('error', error => this.errors.push(error.message))
    for (const packet of ['chat', 'chat_message']) client.on(packet, ({ message }) => this.heard.push(message))
    this.closed = new Promise(resolve => client.socket.once('close', resolve))
    client.once('login_start', ({ username }) => sessions.set(username, this))
  }

  record () {
    const { client, chunks } = this
    return {
      server: this.server,
      username: client.username,
      uuid: client.uuid,
      host: client.serverHost,
      protocol: client.protocolVersion,
      remote: this.remote,
      encrypted: client.cipher !== null,
      chunks: { count: chunks.count, ...chunks.digest.record() },
      keepAlives: this.keepAlives,
      heard: this.heard,
      errors: this.errors,
      wire: this.wire.record()
    }
  }
}

function text (client, message) {
  return client._supportFeature('chatPacketsUseNbtComponents')
    ? nbt.comp({ text: nbt.string(message) })
    : JSON.stringify({ text: message })
}

function say (client, message) {
  const content = text(client, message)
  if (client._supportFeature('signedChat')) client.write('system_chat', { content, type: 1, isActionBar: false })
  else client.write('chat', { message: content, position: 0, sender: '00000000-0000-0000-0000-000000000000' })
}

function loginPacket (mcData) {
  const common = { entityId: 7, gameMode: 1, difficulty: 1, maxPlayers: 20, reducedDebugInfo: false, enableRespawnScreen: true }
  return mcData.loginPacket
    ? { ...mcData.loginPacket, ...common }
    : { dimension: 0, levelType: 'default', ...common }
}

function serverOptions (spec) {
  const { motd, favicon, extra } = spec
  return {
    host: '127.0.0.1',
    port: 0,
    version: spec.version,
    motd,
    favicon,
    'max-players': spec.maxPlayers,
    'online-mode': spec.online === true,
    hideErrors: true,
    beforePing: response => ({ ...response, ...extra })
  }
}

function startMinecraftProtocol (spec) {
  const mcData = minecraftData(spec.version)
  const server = require('minecraft-protocol').createServer(serverOptions(spec))
  server.on('connection', client => {
    new Session(spec.name, client, mcData) // eslint-disable-line no-new
  })
  server.on('playerJoin', client => {
    client.write('login', loginPacket(mcData))
    const chunk = size => client.write('map_chunk', randomPacket(mcData, 'map_chunk', size))
    joinChunks.forEach(chunk)
    const timer = setInterval(() => chunk(crypto.randomInt(20000)), chunkEvery)
    client.socket.once('end', () => clearInterval(timer))
    client.socket.once('close', () => clearInterval(timer))
    say(client, `welcome ${client.username}`)
    const answer = ({ message }) => say(client, `<${client.username}> ${message}`)
    client.on('chat', answer)
    client.on('chat_message', answer)
  })
  return server
}

function startFlyingSquid (spec) {
  const mcData = minecraftData(spec.version)
  const squid = require('flying-squid').createMCServer({
    ...serverOptions(spec),
    logging: false,
    gameMode: 1,
    difficulty: 1,
    generation: { name: 'superflat', options: { worldHeight: 16 } },
    kickTimeout: 30000,
    plugins: {},
    'view-distance': 3,
    'player-list-text': { header: { text: 'a' }, footer: { text: 'b' } },
    'everybody-op': true,
    'max-entities': 10
  })
  squid.on('error', error => emit({ event: 'error', server: spec.name, error: error.message }))
  squid._server.on('connection', client => {
    new Session(spec.name, client, mcData) // eslint-disable-line no-new
  })
  squid.on('newPlayer', player => player.on('spawned', () => player.chat(`welcome ${player.username}`)))
  return squid._server
}

const starters = { 'minecraft-protocol': startMinecraftProtocol, 'flying-squid': startFlyingSquid }

function start (spec) {
  const server = starters[spec.kind](spec)
  server.on('error', error => emit({ event: 'error', server: spec.name, error: error.message }))
  server.on('listening', () => {
    const data = minecraftData(spec.version).version
    emit({ event: 'ready', server: spec.name, port: server.socketServer.address().port, protocol: data.version, release: data.minecraftVersion })
  })
}

function find (username) {
  const session = sessions.get(username)
  if (!session) throw new Error(`${username} never came to this backend`)
  return session
}

serve({
  // What the backend saw of a session that the client has ended.
  async ended ({ username }) {
    const session = find(username)
    await session.closed
    return session.record()
  },
  async current ({ username }) {
    return find(username).record()
  }
})

const specs = JSON.parse(process.argv[2])
const sessionServer = specs.find(spec => spec.online)?.sessionServer
if (sessionServer) {
  // The library has no option for another session server: its factory is given a host before first use.
  const factory = yggdrasil.server
  yggdrasil.server = options => factory({ ...options, host: sessionServer })
}
process.on('uncaughtException', error => {
  console.error(error)
  emit({ event: 'error', error: error.stack })
})
specs.forEach(start)
