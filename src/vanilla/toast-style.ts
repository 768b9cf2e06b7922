/**
 * Owns: how toasts look. Everything that a page may want otherwise is a variable (docs/vanilla.md lists them). Nothing
 * moves, so that nobody has to ask for less of it.
 *
 * Styles of elements, not a sheet: so they hold in a shadow tree too, and a policy against inline styles
 * (`style-src 'self'`) does not concern what scripts set.
 */
export function dress(news: string, region: HTMLElement, toast: HTMLElement): void {
  region.style.cssText =
    'position:var(--surewire-position,fixed);inset:var(--surewire-inset,auto 0 0 auto);margin:1em;z-index:9'
  toast.dataset.toast = news
  const accent = news === 'lost' ? '#ea0' : news === 'givenUp' ? '#f54' : '#3b5'
  toast.style.cssText = `padding:.5em 1em;border-left:5px solid var(--surewire-accent,${accent});color:var(--surewire-color,#fff);background:var(--surewire-background,#223)`
}
