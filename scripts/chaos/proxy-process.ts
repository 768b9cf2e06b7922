/**
 * The proxies of a chaos run, one for each client, in a process of their own so that all of them can be stopped.
 *
 *   proxy-process.ts PORT CLIENTS SEED
 */
import { createFaultProxy, type FaultProxy } from '../../tools/fault-proxy.js'
import { answerQuestions, leaveChannel } from './channel.js'
import { freePort } from './free-port.js'
import type { NetworkFault } from './plan.js'

const [port = '0', clients = '1', seed = '0'] = process.argv.slice(2)
const proxies: FaultProxy[] = []
for (let index = 0; index < Number(clients); index++) {
  const own = { port: await freePort(), seed: BigInt(seed) + BigInt(index) }
  proxies.push(await createFaultProxy({ target: { port: Number(port) }, ...own }))
}

/** A cut waits for data to cut; it may find none before the proxy is healed or gone. */
function cut(proxy: FaultProxy, way: 'up' | 'down'): void {
  proxy.cutInsideFrame(way).catch(() => undefined)
}

const FAULTS: Readonly<Record<NetworkFault, (proxy: FaultProxy, amount: number) => unknown>> = {
  reset: (proxy) => proxy.reset(),
  'reset again and again': (proxy, amount) => proxy.resetEvery(amount, 2 * amount),
  'half-close up': (proxy) => proxy.halfClose('up'),
  'half-close down': (proxy) => proxy.halfClose('down'),
  'black hole': (proxy) => proxy.blackhole('both'),
  'black hole up': (proxy) => proxy.blackhole('up'),
  'black hole down': (proxy) => proxy.blackhole('down'),
  'cut inside a frame up': (proxy) => cut(proxy, 'up'),
  'cut inside a frame down': (proxy) => cut(proxy, 'down'),
  delay: (proxy, amount) => proxy.delay(amount),
  trickle: (proxy, amount) => proxy.trickle(amount),
  buffer: (proxy, amount) => proxy.buffer(amount),
  'idle reaper': (proxy, amount) => proxy.idleReaper(amount),
  refuse: (proxy) => proxy.refuse(true),
}

answerQuestions({
  ready: () => proxies.map(({ url }) => url),
  disturb: async (client: number, fault: NetworkFault, amount: number) => {
    const proxy = proxies[client]
    if (proxy !== undefined) await FAULTS[fault](proxy, amount)
  },
  heal: (client: number) => proxies[client]?.heal(),
  stats: () => proxies.map(({ stats }) => stats),
  end: async () => {
    for (const proxy of proxies) await proxy.close()
    leaveChannel()
  },
})
