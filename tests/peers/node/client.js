// Real Minecraft clients for the runner: many in one process, each under a handle that the runner chose.
//
// Requests: ping, open, chat, heard, look, close, refused. A wait ends when what it waits for happens or when the
// connection ends; the runner sets the deadlines.
'use strict'

const net = require('net')
const mc = require('minecraft-protocol')
const { serve } = require('./lines')
const { Digest, tap } = require('./wire')

const players = new Map()
const chatPackets = new Set(['chat', 'system_chat', 'player_chat', 'profileless_chat'])

function dial ({ host, port, from }) {
  return net.connect({ host, port, localAddress: from })
}

function stringify (value) {
  return JSON.stringify(value, (_, inner) => typeof inner === 'bigint' ? String(inner) : inner)
}

class Player {
  constructor (request) {
    this.keepAlives = 0
    this.chunks = { count: 0, digest: new Digest() }
    this.chat = []
    this.waiting = [] // {test, resolve, reject}
    this.events = new Set()
    this.closed = new Promise(resolve => { this.onClosed = resolve })
    this.client = mc.createClient(this.options(request))
    this.follow()
  }

  options ({ version, domain, port, username, auth, ...target }) {
    const options = {
      version,
      username,
      host: domain, // what the handshake says; the dial goes elsewhere
      port,
      hideErrors: true,
      connect: client => {
        const socket = dial({ port, ...target })
        this.wire = tap(socket)
        socket.once('close', () => this.ended('closed'))
        client.setSocket(socket)
      }
    }
    if (auth) {
      options.sessionServer = auth.sessionServer
      options.auth = (client, options) => {
        client.username = username
        client.session = { accessToken: auth.token, selectedProfile: { id: auth.id, name: username } }
        options.accessToken = auth.token
        options.haveCredentials = true
        options.connect(client)
      }
    }
    return options
  }

  follow () {
    const { client } = this
    client.on('packet', (data, meta, buffer, full) => {
      if (meta.state !== 'play') return
      if (meta.name === 'map_chunk') {
        this.chunks.count++
        this.chunks.digest.add(full)
      }
      if (chatPackets.has(meta.name)) this.chat.push(stringify(data))
      this.wake()
    })
    client.on('keep_alive', () => this.keepAlives++)
    client.on('login', () => this.happened('login'))
    client.on('playerJoin', () => this.happened('playerJoin'))
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

  record () {
    return {
      username: this.client.username,
      uuid: this.client.uuid,
      over: this.over === true,
      encrypted: this.client.cipher !== null,
      failure: this.failure,
      kick: this.kick,
      keepAlives: this.keepAlives,
      chunks: { count: this.chunks.count, ...this.chunks.digest.record() },
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
      connect: client => client.setSocket(dial({ port, ...target }))
    })
  },

  // Joins and returns once the game has begun.
  async open ({ handle, ...request }) {
    const joining = new Player(request)
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

  async look ({ handle }) {
    return player(handle).record()
  },

  // Leaves as a client does that closes its window, and reads on until the other side has closed as well.
  async close ({ handle }) {
    const leaving = player(handle)
    if (!leaving.over) leaving.client.end('bye')
    await leaving.closed
    players.delete(handle)
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
