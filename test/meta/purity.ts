/**
 * Owns: what a pure floor must not do, and the function that finds it. The linter has most of the same bans, for the
 * editor's sake; this one also knows syntax (`async`) and the ways around a ban (`globalThis`). Types are left alone:
 * they do nothing.
 */
import ts from 'typescript'
import { lineOf, parse, type Sources } from '../support/sources.js'
import { floorOf, floors } from './floors.js'

const bannedGlobals = new Set(
  [
    'setTimeout setInterval setImmediate queueMicrotask requestAnimationFrame',
    'Date performance Promise console process',
    'WebSocket EventSource XMLHttpRequest fetch crypto localStorage indexedDB',
    // Not `window`: flow control has windows of its own.
    'globalThis',
  ].flatMap((names) => names.split(' ')),
)

export function isPure(path: string): boolean {
  const floor = floorOf(path)
  return floor !== null && floors[floor]?.pure === true
}

export function impurities(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => (isPure(path) ? impuritiesIn(path, text) : []))
}

function impuritiesIn(path: string, text: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const what = impurity(node)
    if (what !== null) found.push(`${path}:${lineOf(node)} ${what}`)
    if (!doesNothing(node)) ts.forEachChild(node, visit)
  }
  visit(parse(path, text))
  return found
}

/** Types and names are no behaviour. The class after `extends` is, though the compiler files it under types. */
function doesNothing(node: ts.Node): boolean {
  if (ts.isExpressionWithTypeArguments(node)) return ts.isInterfaceDeclaration(node.parent.parent)
  return ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)
}

function impurity(node: ts.Node): string | null {
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return 'an async function'
  if (node.kind === ts.SyntaxKind.AwaitKeyword || ts.isAwaitExpression(node)) return 'await'
  if (!ts.isIdentifier(node) || isOnlyAName(node)) return null
  if (bannedGlobals.has(node.text)) return node.text
  return node.text === 'Math' && !isHarmlessMath(node) ? 'Math.random' : null
}

/** `Math.max` is fine; `Math.random`, and `Math` handed elsewhere, is not. */
function isHarmlessMath({ parent }: ts.Identifier): boolean {
  return ts.isPropertyAccessExpression(parent) && parent.name.text !== 'random'
}

/** A property, a label, a member: the word means something of our own there. */
function isOnlyAName(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node
  if (ts.isBindingElement(parent)) return parent.propertyName === node
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return parent.propertyName === node
  return (
    (ts.isPropertyAssignment(parent) ||
      ts.isPropertyDeclaration(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isAccessor(parent) ||
      ts.isEnumMember(parent)) &&
    parent.name === node
  )
}
