// Real Minecraft clients for the runner: many in one process, each under a handle that the runner chose.
//
// Requests: ping, open, chat, heard, command, commands, complete, send, world, phase, transferred, look, close, refused. A wait ends when what it waits
// for happens or when the connection ends; the runner sets the deadlines.
'use strict'

const crypto = require('crypto')
const net = require('net')
const mc = require('minecraft-protocol')
const { withAccount } = require('./account')
const { serve } = require('./lines')
const { Digest, tap, watchFrames } = require('./wire')

const players = new Map()
const visitors = new Map() // cookies of those who have left: a client takes them along on a transfer
const pingPatience = 40000 // ms; the library's own 5 s are too few while many cells begin at once
const transfer = 3 // what a handshake asks for
const chatPackets = new Set(['chat', 'system_chat', 'player_chat', 'profileless_chat'])

function dial ({ host, port, from }) {
  return net.connect({ host, port, localAddress: from })
}

function stringify (value) {
  return JSON.stringify(value, (_, inner) => typeof inner === 'bigint' ? String(inner) : inner)
}

// Java's maps have another order in every process, and servers write height maps in that order.
function columnHash ({ heightmaps, ...column }) {
  const maps = Array.isArray(heightmaps) ? heightmaps.map(stringify).sort() : heightmaps
  return crypto.createHash('sha256').update(stringify([column, maps])).digest('hex')
}

// Packets that end too early are dropped by the library without a word.
const { FullPacketParser } = require('protodef')
const parse = FullPacketParser.prototype.parsePacketBuffer
FullPacketParser.prototype.parsePacketBuffer = function (buffer) {
  try {
    return parse.call(this, buffer)
  } catch (error) {
    (this.cutOff ??= []).push(`${error.message}: ${buffer.subarray(0, 40).toString('hex')}`)
    throw error
  }
}

class Player {
  constructor (request) {
    this.keepAlives = 0
    this.chunks = { count: 0, digest: new Digest() }
    this.cookies = new Map(request.cookies) // what servers had the client keep
    this.columns = new Map() // place -> hash of its last chunk packet
    this.sent = { count: 0, digest: new Digest() }
    this.chat = []
    this.plays = 0
    this.worlds = 0 // how often a server has put the player into its world
    this.waiting = [] // {test, resolve, reject}
    this.events = new Set()
    this.closed = new Promise(resolve => { this.onClosed = resolve })
    const options = this.options(request)
    this.client = mc.createClient(options)
    // The library derives the number from the version; a later number is spoken with the newest schema.
    if (request.protocol) options.protocolVersion = request.protocol
    if (request.intent) this.announce(request.intent)
    this.unread = []
    this.parsers = new Set()
    this.frames = watchFrames(this.client)
    this.follow()
  }

  options ({ version, domain, hostTail, port, username, account, viewDistance, ...target }) {
    return withAccount({
      version,
      username,
      host: domain, // what the handshake says; the dial goes elsewhere
      fakeHost: hostTail ? domain + hostTail : undefined,
      port,
      hideErrors: true,
      clientSettings: viewDistance ? { viewDistance } : undefined,
      connect: client => {
        const socket = dial({ port, ...target })
        this.wire = tap(socket)
        socket.once('close', () => this.ended('closed'))
        client.setSocket(socket)
      }
    }, account)
  }

  // What the handshake asks for. The library knows status and login only; 3 is a transfer.
  announce (intent) {
    const { client } = this
    const write = client.write
    client.write = (name, fields) => write.call(client, name, name === 'set_protocol' ? { ...fields, nextState: intent } : fields)
  }

  follow () {
    const { client } = this
    client.on('packet', (data, meta, buffer, full) => {
      // The library says nothing of bytes that it has not understood.
      if (meta.size !== full.length) this.unread.push(`${meta.name}: ${full.length - meta.size} bytes`)
      this.parsers.add(client.deserializer)
      if (meta.state !== 'play') return
      if (meta.name === 'map_chunk') {
        this.chunks.count++
        this.chunks.digest.add(full)
        this.columns.set(`${data.x} ${data.z}`, columnHash(data))
      }
      // The library leaves this answer out, and servers send no more chunks without it.
      if (meta.name === 'chunk_batch_finished') client.write('chunk_batch_received', { chunksPerTick: 64 })
      if (chatPackets.has(meta.name)) this.chat.push(stringify(data))
      this.wake()
    })
    client.on('declare_commands', ({ nodes, rootIndex }) => {
      this.commands = nodes[rootIndex].children.map(child => nodes[child].extraNodeData.name)
      this.wake()
    })
    client.on('tab_complete', ({ matches }) => {
      this.matches = matches.map(one => typeof one === 'string' ? one : one.match)
      this.wake()
    })
    client.on('keep_alive', () => this.keepAlives++)
    client.on('login', () => {
      this.worlds++
      this.happened('login')
    })
    client.on('playerJoin', () => this.happened('playerJoin'))
    client.on('state', state => {
      if (state === 'play') {
        this.plays++
        // The library waits for these questions anew in each configuration, and keeps waiting where a server did not
        // ask: it would answer the next one twice. The game answers once.
        for (const question of ['select_known_packs', 'code_of_conduct']) client.removeAllListeners(question)
      }
      this.wake()
    })
    client.on('store_cookie', ({ key, value }) => this.cookies.set(key, value))
    client.on('cookie_request', ({ cookie: key }) => client.write('cookie_response', { key, value: this.cookies.get(key) }))
    client.on('transfer', ({ host, port }) => {
      this.goes = { host, port }
      this.wake()
    })
    client.on('disconnect', packet => { this.kick = stringify(packet.reason) })
    client.on('kick_disconnect', packet => { this.kick = stringify(packet.reason) })
    client.on('error', error => { this.failure = error.message })
  }

  happened (event) {
    this.events.add(event)
    this.wake()
  }

  wake () {
    this.waiting = this.waiting.filter(({ test, resolve }) => {
      if (!test()) return true
      resolve()
      return false
    })
  }

  ended () {
    this.over = true
    this.onClosed()
    for (const { reject } of this.waiting) reject(new Error(`the connection ended: ${this.why()}`))
    this.waiting = []
  }

  why () {
    return [this.kick && `kicked with ${this.kick}`, this.failure].filter(Boolean).join('; ') || 'without a word'
  }

  until (test) {
    return new Promise((resolve, reject) => {
      if (test()) return resolve()
      if (this.over) return reject(new Error(`the connection had ended: ${this.why()}`))
      this.waiting.push({ test, resolve, reject })
    })
  }

  // From 1.19.3 on in play, before that with the name.
  hasToldKey () {
    const { client } = this
    return client._supportFeature('useChatSessions') ? client._session !== undefined : client.profileKeys !== undefined
  }

  record () {
    return {
      username: this.client.username,
      uuid: this.client.uuid,
      over: this.over === true,
      encrypted: this.client.cipher !== null,
      failure: this.failure,
      kick: this.kick,
      threshold: this.client.compressor?.compressionThreshold ?? null,
      frames: this.frames,
      plays: this.plays,
      worlds: this.worlds,
      unread: [...this.unread, ...[...this.parsers].flatMap(parser => parser.cutOff ?? [])],
      signsChat: this.hasToldKey(),
      keepAlives: this.keepAlives,
      chunks: { count: this.chunks.count, ...this.chunks.digest.record() },
      messages: { count: this.sent.count, ...this.sent.digest.record() },
      wire: this.wire.record()
    }
  }
}

function player (handle) {
  const found = players.get(handle)
  if (!found) throw new Error(`no player ${handle}`)
  return found
}

serve({
  ping ({ version, domain, port, ...target }) {
    return mc.ping({
      version,
      host: domain,
      port,
      closeTimeout: pingPatience,
      noPongTimeout: pingPatience,
      connect: client => client.setSocket(dial({ port, ...target }))
    })
  },

  // Joins and returns once the game has begun.
  async open ({ handle, ...request }) {
    const joining = new Player({ ...request, cookies: request.intent === transfer ? visitors.get(handle) : undefined })
    players.set(handle, joining)
    await joining.until(() => joining.events.has('login') && joining.events.has('playerJoin'))
    return joining.record()
  },

  // Says something and returns when the server has repeated it.
  async chat ({ handle, text }) {
    const speaker = player(handle)
    speaker.client.chat(text)
    await speaker.until(() => speaker.chat.some(line => line.includes(text)))
  },

  async heard ({ handle, text }) {
    const listener = player(handle)
    await listener.until(() => listener.chat.some(line => line.includes(text)))
  },

  // A command without its slash.
  async command ({ handle, text }) {
    player(handle).client.chat(`/${text}`)
  },

  // The commands that the client was told of, once this one is among them.
  async commands ({ handle, wanted }) {
    const knowing = player(handle)
    await knowing.until(() => knowing.commands?.includes(wanted))
    return knowing.commands
  },

  // What a line, with its slash, is completed with.
  async complete ({ handle, text }) {
    const asking = player(handle)
    asking.matches = undefined
    asking.client.write('tab_complete', { transactionId: 7, text, assumeCommand: false, lookedAtBlock: undefined })
    await asking.until(() => asking.matches)
    return asking.matches
  },

  // Waits until the line that holds the text has been heard so many times.
  async heardTimes ({ handle, text, times }) {
    const listener = player(handle)
    await listener.until(() => listener.chat.filter(line => line.includes(text)).length >= times)
  },

  // What only a proxy or a server may say.
  async pretend ({ handle, channel, hex }) {
    player(handle).client.write('custom_payload', { channel, data: Buffer.from(hex, 'hex') })
  },

  // Plugin messages of these sizes, noise in one half and zeros in the other.
  async send ({ handle, sizes }) {
    const { client, sent } = player(handle)
    for (const size of sizes) {
      const data = Buffer.alloc(size)
      crypto.randomFillSync(data, 0, Math.ceil(size / 2))
      sent.count++
      sent.digest.add(data)
      client.write('custom_payload', { channel: 'drawbridge:test', data })
    }
  },

  // Waits for so many chunks of different places and returns one hash of all, whatever order they came in.
  async world ({ handle, columns: wanted }) {
    const viewer = player(handle)
    const { columns } = viewer
    await viewer.until(() => columns.size >= wanted)
    const hashes = [...columns].map(([place, hash]) => `${place} ${hash}\n`).sort()
    return { columns: columns.size, sha256: crypto.createHash('sha256').update(hashes.join('')).digest('hex') }
  },

  // Returns when the game has begun for the nth time: a server may go back to configuration.
  async phase ({ handle, plays }) {
    const waiting = player(handle)
    await waiting.until(() => waiting.plays >= plays && waiting.client.state === 'play')
  },

  // Where the server sends the player.
  async transferred ({ handle }) {
    const leaving = player(handle)
    await leaving.until(() => leaving.goes)
    return leaving.goes
  },

  async look ({ handle }) {
    return player(handle).record()
  },

  // Leaves as a client does that closes its window, and reads on until the other side has closed as well.
  async close ({ handle }) {
    const leaving = player(handle)
    if (!leaving.over) leaving.client.end('bye')
    await leaving.closed
    players.delete(handle)
    visitors.set(handle, leaving.cookies)
    return leaving.record()
  },

  // A login that must not succeed: returns the words of the kick, or null when there were none.
  async refused (request) {
    const joining = new Player(request)
    let joined = false
    joining.until(() => joining.events.has('login')).then(() => { joined = true }, () => {})
    await Promise.race([joining.closed, joining.until(() => joining.events.has('login')).catch(() => {})])
    if (joined) {
      joining.client.end('bye')
      throw new Error('the login was let in')
    }
    return { kick: joining.kick ?? null, failure: joining.failure ?? null }
  }
})

process.on('uncaughtException', error => console.error(error))
