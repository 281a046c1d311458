// What a server says to a player, in the form of its version.
'use strict'

const nbt = require('prismarine-nbt')

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

module.exports = { say }
