// Random but well-formed values for any packet of any version, made from the version's own schema.
//
// So a new game version needs no new code here, and each field travels at least once with a value that nobody
// chose by hand. Understood are the schema types that chunk packets use; an unknown one is an error.
'use strict'

const crypto = require('crypto')
const nbt = require('prismarine-nbt')

const integers = { i8: 1, u8: 1, i16: 2, u16: 2, i32: 4, u32: 4 }

function randomInteger (type) {
  const bytes = crypto.randomBytes(4)
  const size = integers[type] * 8
  const unsigned = bytes.readUInt32LE() % 2 ** size
  return type[0] === 'u' || unsigned < 2 ** (size - 1) ? unsigned : unsigned - 2 ** size
}

function randomNbt () {
  const longs = Array.from({ length: 37 }, () => [randomInteger('i32'), randomInteger('i32')])
  return nbt.comp({ MOTION_BLOCKING: nbt.longArray(longs), note: nbt.string(crypto.randomBytes(9).toString('hex')) })
}

// A part noise and a part zeros: some of it compresses, some does not.
function randomBytes (size) {
  const noise = Math.floor(size / 2)
  return Buffer.concat([crypto.randomBytes(noise), Buffer.alloc(size - noise)])
}

class RandomPacket {
  // `size`: bytes in each byte buffer of the packet.
  constructor (mcData, size) {
    this.types = { ...mcData.protocol.types, ...mcData.protocol.play.toClient.types }
    this.size = size
  }

  value (type, scope) {
    if (typeof type === 'string') return this.named(type, scope)
    const [name, options] = type
    switch (name) {
      case 'container': return this.container(options)
      case 'array': return Array.from({ length: options.count ?? 1 + crypto.randomInt(4) }, () => this.value(options.type, scope))
      case 'buffer': return randomBytes(this.size)
      case 'option': return crypto.randomInt(2) ? this.value(options, scope) : undefined
      case 'mapper': return Object.values(options.mappings)[crypto.randomInt(Object.keys(options.mappings).length)]
      case 'bitfield': return Object.fromEntries(options.map(part => [part.name, crypto.randomInt(2 ** (part.size - 1))]))
      case 'switch': return this.value(options.fields[String(scope[options.compareTo])] ?? options.default, scope)
      default: throw new Error(`no random value for ${name}`)
    }
  }

  named (name, scope) {
    if (name in integers) return randomInteger(name)
    switch (name) {
      case 'bool': return crypto.randomInt(2) === 1
      case 'i64': return crypto.randomBytes(8).readBigInt64LE()
      case 'varint': return crypto.randomInt(2 ** 31)
      case 'void': return undefined
      case 'nbt': return { ...randomNbt(), name: '' }
      case 'anonymousNbt': case 'anonOptionalNbt': return randomNbt()
      case 'optionalNbt': return { ...randomNbt(), name: '' }
      default:
        if (this.types[name] === undefined || this.types[name] === 'native') throw new Error(`no random value for ${name}`)
        return this.value(this.types[name], scope)
    }
  }

  container (fields) {
    const value = {}
    for (const field of fields) {
      const inner = this.value(field.type, value)
      if (field.anon) Object.assign(value, inner)
      else value[field.name] = inner
    }
    return value
  }
}

function randomPacket (mcData, packet, size) {
  return new RandomPacket(mcData, size).value(`packet_${packet}`, {})
}

module.exports = { randomPacket }
