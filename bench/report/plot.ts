/** A bar chart as SVG text: one bar a peer, readable on light and dark pages. */

export interface Bar {
  readonly label: string
  readonly value: number
  /** What stands beside the bar. */
  readonly text: string
  readonly ours: boolean
}

const WIDTH = 760
const LABEL_WIDTH = 210
const BAR_HEIGHT = 20
const STEP = 28
const TOP = 44
/** Room for the text beside the longest bar. */
const TEXT_WIDTH = 150

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

export function plot(title: string, subtitle: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value))
  const height = TOP + bars.length * STEP + 8
  const rows = bars.map((bar, index) => row(bar, TOP + index * STEP, most))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(title)}">`,
    '<style>text{font:13px system-ui,sans-serif;fill:#24292f}.t{font-weight:600;font-size:15px}.s{fill:#6e7781;font-size:12px}.b{fill:#9aa4b1}.o{fill:#2563eb}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9198a1}.b{fill:#57606a}.o{fill:#4c8dff}}</style>',
    `<text class="t" x="8" y="18">${escape(title)}</text>`,
    `<text class="s" x="8" y="35">${escape(subtitle)}</text>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n')
}

function row({ label, value, text, ours }: Bar, y: number, most: number): string {
  const length = Math.max(1, (value / most) * (WIDTH - LABEL_WIDTH - TEXT_WIDTH))
  const middle = y + BAR_HEIGHT / 2 + 4
  return (
    `<text x="${LABEL_WIDTH - 8}" y="${middle}" text-anchor="end">${escape(label)}</text>` +
    `<rect class="${ours ? 'o' : 'b'}" x="${LABEL_WIDTH}" y="${y}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>` +
    `<text x="${(LABEL_WIDTH + length + 6).toFixed(1)}" y="${middle}">${escape(text)}</text>`
  )
}
