// Lets a client log in with an account of the tests' own session server.
'use strict'

const crypto = require('crypto')

const hour = 3600 * 1000

// Keys that sign chat. Mojang would have signed the public one; here nobody has, so only a server that does not check
// keys can be spoken to.
function chatKeys () {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    public: publicKey,
    private: privateKey,
    expiresOn: new Date(Date.now() + hour),
    signature: crypto.randomBytes(512),
    signatureV2: crypto.randomBytes(512)
  }
}

function signChat (client) {
  client.profileKeys = chatKeys()
  // The library keeps its key to itself where the server knows it by another UUID. The game does not.
  client.once('success', ({ uuid }) => { client.session.selectedProfile = { id: uuid.replaceAll('-', '') } })
}

// Changes the options of minecraft-protocol's or mineflayer's client; no account, no change.
function withAccount (options, account) {
  if (!account) return options
  return {
    ...options,
    sessionServer: account.sessionServer,
    auth: (client, options) => {
      client.username = options.username
      client.session = { accessToken: account.token, selectedProfile: { id: account.id, name: options.username } }
      if (account.signsChat) signChat(client)
      options.accessToken = account.token
      options.haveCredentials = true
      options.connect(client)
    }
  }
}

module.exports = { withAccount }
