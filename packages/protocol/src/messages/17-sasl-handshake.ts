/**
 * SaslHandshake (api key 17): choose the SASL mechanism. Versions 0-1, never flexible.
 *
 * After version 0 the tokens follow as bare frames, after version 1 inside SaslAuthenticate requests. The version cannot grow:
 * old clients negotiate it wrongly (KAFKA-9577).
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, message, string } from '../schema.ts';

export const saslHandshakeRequest = message(
  { name: 'SaslHandshakeRequest', key: 17, versions: [0, 1], flexibleFrom: null },
  {
    mechanism: string,
  },
);
export type SaslHandshakeRequest = Body<typeof saslHandshakeRequest>;
export type SaslHandshakeRequestDraft = Draft<typeof saslHandshakeRequest>;

export const saslHandshakeResponse = message(
  { name: 'SaslHandshakeResponse', key: 17, versions: [0, 1], flexibleFrom: null },
  {
    errorCode: int16,
    mechanisms: array(string),
  },
);
export type SaslHandshakeResponse = Body<typeof saslHandshakeResponse>;
export type SaslHandshakeResponseDraft = Draft<typeof saslHandshakeResponse>;
