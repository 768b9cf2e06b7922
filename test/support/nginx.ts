/**
 * A real nginx in front of a server, as a process of its own.
 *
 * Owns: its configuration, which shortens the time-outs, and its end.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './ledger.js'

export interface NginxOptions {
  /** Port of the server behind it. */
  target: number
  /** `proxy_read_timeout` and `proxy_send_timeout`, which are 60 s by default. */
  idleMs: number
}

export interface Nginx {
  readonly url: string
  /** A location whose configuration forgets to pass the upgrade on. */
  readonly plainUrl: string
  close(): Promise<void>
}

/** Starts nginx from its executable. */
export async function startNginx(executable: string, { target, idleMs }: NginxOptions): Promise<Nginx> {
  const directory = mkdtempSync(join(tmpdir(), 'surewire-nginx-'))
  const port = await freePort()
  writeFileSync(join(directory, 'nginx.conf'), configuration(port, target, idleMs))
  const nginx = spawn(executable, ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  nginx.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const exited = new Promise<void>((resolve) => nginx.once('exit', () => resolve()))
  let listens = false
  void knock(port).then(() => (listens = true))
  await until(`nginx listens; it says: ${errors}`, () => listens || nginx.exitCode !== null, 5_000)
  if (!listens) throw new Error(`nginx ended: ${errors}`)
  return {
    url: `ws://127.0.0.1:${port}/ws`,
    plainUrl: `ws://127.0.0.1:${port}/plain`,
    close: async () => {
      nginx.kill('SIGKILL')
      await exited
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function configuration(port: number, target: number, idleMs: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${name};`,
  )
  return `
    daemon off;
    master_process off;
    pid nginx.pid;
    events {}
    http {
      access_log off;
      ${temporary.join('\n      ')}
      server {
        listen 127.0.0.1:${port};
        proxy_read_timeout ${idleMs}ms;
        proxy_send_timeout ${idleMs}ms;
        location /ws {
          proxy_pass http://127.0.0.1:${target};
          proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection "upgrade";
        }
        location /plain {
          proxy_pass http://127.0.0.1:${target}/ws;
        }
      }
    }
  `
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Resolves once something accepts connections there. */
function knock(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve()
    })
    socket.on('error', () => setTimeout(() => void knock(port).then(resolve), 20))
  })
}
