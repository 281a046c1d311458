// Prints what registries and tags a server sends, as tests/golden/registries has it: names and how many there are of each.
//
//   node registries.js HOST PORT VERSION
'use strict'

const mc = require('minecraft-protocol')

const [host, port, version] = process.argv.slice(2)
const lines = []
const client = mc.createClient({ host, port: Number(port), version, username: 'Registrar', auth: 'offline', hideErrors: true })
client.on('registry_data', ({ id, entries }) => lines.push(`registry ${id} ${entries.length}`))
client.on('tags', ({ tags }) => {
  if (client.state !== 'configuration') return
  for (const { tagType, tags: those } of tags) lines.push(`tags ${tagType} ${those.length}`)
})
client.on('finish_configuration', () => {
  console.log(lines.sort().join('\n'))
  client.end()
  process.exit(0)
})
client.on('error', error => fail(error.message))
client.on('end', () => fail('the connection ended'))
setTimeout(() => fail('no answer'), 20000)

function fail (why) {
  console.error(`registries.js: ${why}`)
  process.exit(1)
}
