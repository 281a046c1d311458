// The conversation with the runner: one JSON object a line, requests on stdin, answers and events on stdout.
'use strict'

const readline = require('readline')

const toRunner = process.stdout.write.bind(process.stdout)
// Libraries print what they please. That goes to the log (stderr), never between our lines.
process.stdout.write = process.stderr.write.bind(process.stderr)

function emit (message) {
  toRunner(JSON.stringify(message) + '\n')
}

// `handlers` maps a request's `do` to an async function; what it returns or throws is the answer.
function serve (handlers) {
  readline.createInterface({ input: process.stdin }).on('line', async line => {
    const request = JSON.parse(line)
    try {
      emit({ id: request.id, result: (await handlers[request.do](request)) ?? null })
    } catch (error) {
      emit({ id: request.id, error: String(error?.message ?? error) })
    }
  }).on('close', () => process.exit(0)) // the runner is gone
}

module.exports = { emit, serve }
