// Real Minecraft servers for the runner: several in one process, each with a version and a port of its own.
//
//   node backend.js '[{"name": "...", "kind": "minecraft-protocol", "version": "1.8.8", ...}]'
//
// A server says "ready" with its port, greets who joins, repeats what is said, sends chunks, and keeps a record
// of every session for the runner to compare with what the client saw.
'use strict'

const crypto = require('crypto')
const { once } = require('events')
const minecraftData = require('minecraft-data')
const yggdrasil = require('yggdrasil')
const { say } = require('./chat')
const { emit, serve } = require('./lines')
const { randomPacket } = require('./random_packet')
const { Digest, readVarInt, tap, watchFrames } = require('./wire')

// Bytes in the buffer of each chunk of a join: an empty one, both sides of the compression threshold, large ones.
const joinChunks = [0, 10, 200, 256, 300, 4096, 30000, 64 * 1024, 200000]
const chunkEvery = 1500 // ms, while the player stays

const cookieKey = 'drawbridge:visit'
const expected = new Set() // names of players whose cookie is asked for while they log in

const sessions = new Map() // user name -> record and who waits for its end

function packetId (mcData, name) {
  const mappings = mcData.protocol.play.toClient.types.packet[1][0].type[1].mappings
  return Number(Object.entries(mappings).find(([, packet]) => packet === name)[0])
}

// Texts as Java's DataOutputStream.writeUTF() has them.
function javaText (text) {
  const bytes = Buffer.from(text)
  const size = Buffer.alloc(2)
  size.writeUInt16BE(bytes.length)
  return Buffer.concat([size, bytes])
}

function javaTexts (data) {
  const texts = []
  for (let at = 0; at < data.length; at += 2 + data.readUInt16BE(at)) {
    texts.push(data.toString('utf8', at + 2, at + 2 + data.readUInt16BE(at)))
  }
  return texts
}

// Follows one connection below and above the codec. `record()` is what the runner gets.
class Session {
  constructor (spec, client, mcData) {
    this.client = client
    this.spec = spec
    this.mcData = mcData
    this.wire = tap(client.socket)
    this.remote = client.socket.remoteAddress
    this.chunks = { count: 0, digest: new Digest() }
    this.messages = { count: 0, digest: new Digest() }
    this.keepAlives = 0
    this.heard = []
    this.errors = []
    this.chatKeys = 0
    client.prependOnceListener('set_protocol', packet => this.shakeHands(packet))
    this.intervene()
    this.frames = watchFrames(client)
    this.follow()
    this.closed = new Promise(resolve => client.socket.once('close', resolve))
    client.once('login_start', ({ username }) => sessions.set(username, this))
    if (mcData.version.version >= 766) process.nextTick(() => this.askForCookie())
  }

  // Runs before the library's own listener, which knows one protocol and no transfers.
  shakeHands (packet) {
    this.protocol = packet.protocolVersion
    this.intent = packet.nextState
    if (this.spec.anyProtocol) packet.protocolVersion = this.mcData.version.version
    if (packet.nextState === 3) packet.nextState = 2
  }

  // The library has no option for the threshold, and goes on asking whether the player is alive where it must not.
  intervene () {
    const { client, spec: { threshold } } = this
    const { write, setCompressionThreshold } = client
    client.write = (name, fields) => {
      if (this.silent || (name === 'compress' && threshold === null)) return
      write.call(client, name, name === 'compress' ? { threshold } : fields)
    }
    client.setCompressionThreshold = () => {
      if (threshold !== null) setCompressionThreshold.call(client, threshold)
    }
  }

  // 1.19 to 1.19.2: the key that the answer to the encryption request is signed with.
  takeKey (packet) {
    if (!packet.signature) return
    this.chatKeys++
    this.client.profileKeys = { public: crypto.createPublicKey({ key: packet.signature.publicKey, format: 'der', type: 'spki' }) }
    packet.signature = null
  }

  // The log-in goes on when the client has shown its cookie.
  askForCookie () {
    const { client } = this
    const goOn = client.listeners('login_start')
    client.removeAllListeners('login_start')
    client.once('login_start', async packet => {
      if (expected.delete(packet.username)) this.loginCookie = await this.cookie()
      for (const listener of goOn) listener.call(client, packet)
    })
  }

  async cookie () {
    const { client } = this
    client.write('cookie_request', { cookie: cookieKey })
    const [{ key, value }] = await once(client, 'cookie_response')
    return key === cookieKey && value ? value.toString() : null
  }

  follow () {
    const { client } = this
    const chunkId = packetId(this.mcData, 'map_chunk')
    client.on('state', state => {
      if (state !== 'play') return
      client.serializer.on('data', packet => {
        if (readVarInt(packet).value !== chunkId) return
        this.chunks.count++
        this.chunks.digest.add(packet)
      })
    })
    const modern = this.mcData.version.version >= 393
    this.proxyChannel = modern ? 'bungeecord:main' : 'BungeeCord'
    this.unasked = []
    this.listens = new Promise(resolve => {
      client.on('custom_payload', ({ channel, data }) => {
        if (channel === this.proxyChannel) (this.onAnswer ?? (data => this.unasked.push(data.toString('hex'))))(data)
        const registers = channel === (modern ? 'minecraft:register' : 'REGISTER')
        if (registers && data.toString().split('\0').includes(this.proxyChannel)) resolve()
      })
    })
    client.on('custom_payload', ({ channel, data }) => {
      if (channel !== 'drawbridge:test') return
      this.messages.count++
      this.messages.digest.add(data)
    })
    // The library would check who signed the key, and nobody has for these accounts.
    client.prependOnceListener('login_start', packet => this.takeKey(packet))
    client.on('newListener', (event, listener) => {
      if (event === 'chat_session_update') process.nextTick(() => client.removeListener(event, listener))
    })
    client.on('packet', (_, { name }) => { if (name === 'chat_session_update') this.chatKeys++ })
    client.on('keep_alive', () => this.keepAlives++)
    client.on('error', error => this.errors.push(error.message))
    for (const packet of ['chat', 'chat_message']) client.on(packet, ({ message }) => this.heard.push(message))
  }

  // Back to configuration and into the game again. No play packet may follow `start_configuration`.
  async reconfigure () {
    const { client } = this
    client.write('start_configuration', {})
    this.silent = true
    await once(client, 'configuration_acknowledged')
    client.state = 'configuration'
    this.silent = false
    writeRegistries(client, this.mcData)
    client.write('finish_configuration', {})
    await once(client, 'finish_configuration')
    client.state = 'play'
    client.write('login', loginPacket(this.mcData))
    client.write('map_chunk', randomPacket(this.mcData, 'map_chunk', 20000))
  }

  record () {
    const { client, chunks, messages } = this
    return {
      server: this.spec.name,
      username: client.username,
      uuid: client.uuid,
      host: client.serverHost,
      protocol: this.protocol,
      intent: this.intent,
      remote: this.remote,
      encrypted: client.cipher !== null,
      threshold: client.compressor?.compressionThreshold ?? null,
      frames: this.frames,
      chunks: { count: chunks.count, ...chunks.digest.record() },
      messages: { count: messages.count, ...messages.digest.record() },
      chatKeys: this.chatKeys,
      loginCookie: this.loginCookie ?? null,
      unasked: this.unasked,
      keepAlives: this.keepAlives,
      heard: this.heard,
      errors: this.errors,
      wire: this.wire.record()
    }
  }
}

function loginPacket (mcData) {
  const common = { entityId: 7, gameMode: 1, difficulty: 1, maxPlayers: 20, reducedDebugInfo: false, enableRespawnScreen: true }
  return mcData.loginPacket
    ? { ...mcData.loginPacket, ...common }
    : { dimension: 0, levelType: 'default', hashedSeed: [1, 2], viewDistance: 10, ...common }
}

function writeRegistries (client, mcData) {
  const codec = mcData.loginPacket.dimensionCodec
  if (mcData.supportFeature('segmentedRegistryCodecData')) {
    for (const registry of Object.values(codec)) client.write('registry_data', registry)
  } else {
    client.write('registry_data', { codec })
  }
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
    kickTimeout: 60000, // for logins and keep-alives; twice the usual, since many play on few processors
    hideErrors: true,
    beforePing: response => ({ ...response, ...extra })
  }
}

// One command, without arguments.
const commandNode = (type, name, children) => ({
  flags: { unused: 0, allows_restricted: 0, has_custom_suggestions: 0, has_redirect_node: 0, has_command: name ? 1 : 0, command_node_type: type },
  children,
  extraNodeData: name ? { name } : undefined
})
const ownCommands = { nodes: [commandNode(0, undefined, [1]), commandNode(1, 'greet', [])], rootIndex: 0 }

function startMinecraftProtocol (spec) {
  const mcData = minecraftData(spec.version)
  const server = require('minecraft-protocol').createServer(serverOptions(spec))
  server.on('connection', client => {
    new Session(spec, client, mcData) // eslint-disable-line no-new
  })
  server.on('playerJoin', client => {
    client.write('login', loginPacket(mcData))
    const chunk = size => client.write('map_chunk', randomPacket(mcData, 'map_chunk', size))
    joinChunks.forEach(chunk)
    const timer = setInterval(() => { if (client.state === 'play') chunk(crypto.randomInt(20000)) }, chunkEvery)
    client.socket.once('end', () => clearInterval(timer))
    client.socket.once('close', () => clearInterval(timer))
    if (mcData.version['>=']('1.13')) client.write('declare_commands', ownCommands)
    say(client, `welcome ${client.username}`)
    client.on('chat_command', ({ command }) => say(client, `<${client.username}> /${command}`))
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
    plugins: {},
    'view-distance': 3,
    'player-list-text': { header: { text: 'a' }, footer: { text: 'b' } },
    'everybody-op': true,
    'max-entities': 10
  })
  squid.on('error', error => emit({ event: 'error', server: spec.name, error: error.message }))
  squid._server.on('connection', client => {
    new Session(spec, client, mcData) // eslint-disable-line no-new
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
  },
  async reconfigure ({ username }) {
    await find(username).reconfigure()
  },
  // Gives the player a cookie to keep and sends it away; the cookie is asked for when the player logs in again.
  async transfer ({ username, host, port }) {
    const { client } = find(username)
    client.write('store_cookie', { key: cookieKey, value: Buffer.from(`a cookie of ${username}`) })
    client.write('transfer', { host, port })
    expected.add(username)
  },
  // Asks the proxy on the BungeeCord channel, once it has said that it listens.
  async askProxy ({ username, texts, answers }) {
    const session = find(username)
    await session.listens
    const answer = answers ? new Promise(resolve => { session.onAnswer = resolve }) : null
    session.client.write('custom_payload', { channel: session.proxyChannel, data: Buffer.concat(texts.map(javaText)) })
    const data = await answer
    session.onAnswer = null
    return { texts: data ? javaTexts(data) : [] }
  },
  // As if its process were killed: the connection ends without a word.
  async die ({ username }) {
    find(username).client.socket.destroy()
  },
  // As it stops: with the words of vanilla servers.
  async stop ({ username }) {
    find(username).client.end('Server closed')
  },
  async cookie ({ username }) {
    return find(username).cookie()
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
