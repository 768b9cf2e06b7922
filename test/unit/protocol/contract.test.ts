import { describe, expect, it } from 'vitest'
import {
  defineContract,
  type Schema,
  type SchemaResult,
  type,
  validate,
} from '../../../src/protocol/contract.js'

/** A validator with the given answer, as Standard Schema has it. */
const schemaThat = (
  answer: (value: unknown) => SchemaResult<unknown> | Promise<SchemaResult<unknown>>,
): Schema => ({
  '~standard': { version: 1, vendor: 'test', validate: answer },
})

describe('validate', () => {
  it('gives the transformed value', () => {
    const schema = schemaThat((value) => ({ value: `${value as string}!` }))
    expect(validate(schema, 'a')).toEqual({ ok: true, value: 'a!' })
  })

  it('takes undefined for a value like any other', () => {
    expect(
      validate(
        schemaThat(() => ({ value: undefined })),
        1,
      ),
    ).toEqual({ ok: true, value: undefined })
  })

  it('says what is wrong, and where', () => {
    const schema = schemaThat(() => ({
      issues: [
        { message: 'is missing', path: ['items', 0, { key: 'id' }] },
        { message: 'is not a task', path: [] },
        { message: 'is odd' },
        { message: 'has no name', path: [Symbol('tag')] },
      ],
    }))
    expect(validate(schema, {})).toEqual({
      ok: false,
      message: 'items.0.id: is missing; is not a task; is odd; Symbol(tag): has no name',
    })
  })

  it('refuses with no issue named, too', () => {
    expect(
      validate(
        schemaThat(() => ({ issues: [] })),
        1,
      ),
    ).toMatchObject({ ok: false })
  })

  it('takes an asynchronous validator for a mistake, without an unhandled rejection', () => {
    const schema = schemaThat(() => Promise.reject(new Error('later')))
    expect(() => validate(schema, 1)).toThrow(/must be synchronous/)
  })

  it('hands on what a validator throws', () => {
    const schema = schemaThat(() => {
      throw new RangeError('broken validator')
    })
    expect(() => validate(schema, 1)).toThrow(RangeError)
  })
})

describe('type', () => {
  it('names a type and lets everything through', () => {
    const value = { any: ['thing'] }
    expect(validate(type<number>(), value)).toEqual({ ok: true, value })
  })
})

describe('defineContract', () => {
  it('gives back the contract itself', () => {
    const contract = { send: { ping: type<null>() } }
    expect(defineContract(contract)).toBe(contract)
  })
})
