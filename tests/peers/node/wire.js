// Counts and hashes the bytes that a socket really carried, below every codec.
//
// A relay is transparent exactly when the bytes that one end wrote are the bytes that the other end read, so
// both ends of a session are tapped and the runner compares the two records.
'use strict'

const crypto = require('crypto')

class Digest {
  constructor () {
    this.bytes = 0
    this.hash = crypto.createHash('sha256')
  }

  add (chunk) {
    this.bytes += chunk.length
    this.hash.update(chunk)
  }

  // May be asked for while the stream goes on.
  record () {
    return { bytes: this.bytes, sha256: this.hash.copy().digest('hex') }
  }
}

// Must be called before anything is written and in the turn in which the socket appeared.
function tap (socket) {
  const wire = { received: new Digest(), sent: new Digest() }
  socket.on('data', chunk => wire.received.add(chunk))
  // Hooked below the stream's buffer. `write` itself would miss bytes: Node replaces it when the other side's
  // FIN comes, and flying-squid still says goodbye then.
  const { _write, _writev } = socket
  const bytes = (chunk, encoding) => typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
  socket._write = function (chunk, encoding, done) {
    wire.sent.add(bytes(chunk, encoding))
    _write.call(this, chunk, encoding, done)
  }
  socket._writev = function (chunks, done) {
    for (const { chunk, encoding } of chunks) wire.sent.add(bytes(chunk, encoding))
    _writev.call(this, chunks, done)
  }
  return {
    record: () => ({ received: wire.received.record(), sent: wire.sent.record() })
  }
}

function readVarInt (buffer) {
  let value = 0
  let size = 0
  do {
    value |= (buffer[size] & 0x7f) << (7 * size)
  } while (buffer[size++] & 0x80)
  return { value, size }
}

// Counts the frames that a codec receives after compression was agreed on. `odd` are those that the agreement does not
// provide for, which these libraries take and vanilla programs refuse: compressed below the threshold, raw from it on.
function watchFrames (client) {
  const frames = { raw: 0, compressed: 0, odd: 0 }
  const agree = client.setCompressionThreshold
  client.setCompressionThreshold = threshold => {
    agree.call(client, threshold)
    const { decompressor } = client
    if (!decompressor) return // never sent after all
    const take = decompressor._transform
    decompressor._transform = (frame, encoding, done) => {
      const { value: declared, size } = readVarInt(frame)
      frames[declared === 0 ? 'raw' : 'compressed']++
      const { compressionThreshold: agreed } = decompressor
      if (declared === 0 ? frame.length - size >= agreed : declared < agreed) frames.odd++
      take.call(decompressor, frame, encoding, done)
    }
  }
  return frames
}

module.exports = { Digest, readVarInt, tap, watchFrames }
