/**
 * SaslAuthenticate (api key 36): carries the tokens of a SASL mechanism. Versions 0-2, flexible from 2.
 *
 * 1 answers how long the session lives before it must authenticate again (KIP-368).
 */
import type { Body, Draft } from '../schema.ts';
import { bytes, int16, int64, message, nullable, since, string } from '../schema.ts';

export const saslAuthenticateRequest = message(
  { name: 'SaslAuthenticateRequest', key: 36, versions: [0, 2], flexibleFrom: 2 },
  {
    authBytes: bytes,
  },
);
export type SaslAuthenticateRequest = Body<typeof saslAuthenticateRequest>;
export type SaslAuthenticateRequestDraft = Draft<typeof saslAuthenticateRequest>;

export const saslAuthenticateResponse = message(
  { name: 'SaslAuthenticateResponse', key: 36, versions: [0, 2], flexibleFrom: 2 },
  {
    errorCode: int16,
    errorMessage: nullable(string),
    authBytes: bytes,
    sessionLifetimeMs: since(1, int64, 0),
  },
);
export type SaslAuthenticateResponse = Body<typeof saslAuthenticateResponse>;
export type SaslAuthenticateResponseDraft = Draft<typeof saslAuthenticateResponse>;
