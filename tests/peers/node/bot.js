// A mineflayer bot for the runner: it plays a little, so a world that arrived damaged shows.
'use strict'

const net = require('net')
const { once } = require('events')
const mineflayer = require('mineflayer')
const { withAccount } = require('./account')
const { serve } = require('./lines')

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

async function play ({ version, domain, host, port, username, account, walk }) {
  const bot = mineflayer.createBot(withAccount({
    version,
    username,
    host: domain,
    port,
    hideErrors: true,
    connect: client => client.setSocket(net.connect({ host, port }))
  }, account))
  const trouble = new Promise((resolve, reject) => {
    bot.on('error', reject)
    bot.on('kicked', reason => reject(new Error(`kicked: ${JSON.stringify(reason)}`)))
    bot.on('end', reason => reject(new Error(`the connection ended: ${reason}`)))
  })
  trouble.catch(() => {}) // also after the bot has left by itself
  const patient = work => Promise.race([work, trouble])

  await patient(once(bot, 'spawn'))
  await patient(bot.waitForChunksToLoad())
  while (!bot.entity.onGround) await patient(sleep(50))
  const ground = bot.blockAt(bot.entity.position.offset(0, -1, 0))?.name
  const columns = bot.world.getColumns().length

  const start = bot.entity.position.clone()
  bot.setControlState('forward', true)
  while (bot.entity.position.distanceTo(start) < walk) await patient(once(bot, 'physicsTick'))
  bot.clearControlStates()
  const walked = bot.entity.position.distanceTo(start)

  const words = `I walked ${walked.toFixed(2)}`
  const repeated = new Promise(resolve => bot.on('messagestr', text => text.includes(words) && resolve(text)))
  bot.chat(words)
  await patient(repeated)

  const ended = once(bot, 'end')
  bot.quit()
  await ended
  return { ground, columns, walked }
}

serve({ play })

process.on('uncaughtException', error => console.error(error))
