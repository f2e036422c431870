/**
 * SASL on a fresh connection: PLAIN (RFC 4616) and SCRAM-SHA-256/512 (RFC 5802, 7677), client side.
 *
 * The frames travel in SaslHandshake v1 and SaslAuthenticate. The server's SCRAM signature is checked, so that a broker
 * that does not know the password cannot pass for one that does.
 */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { apis } from './apis.ts';
import type { Connection } from './connection.ts';
import { ConnectionError, expectSuccess } from './errors.ts';
import type { SaslOptions } from './options.ts';

/** RFC 7677 asks for at least this; a server that asks for less could be fishing for a weak proof. */
const minIterations = 4096;
const maxIterations = 1_000_000;

export async function authenticate(connection: Connection, sasl: SaslOptions): Promise<void> {
  const handshake = await connection.call(apis.saslHandshake, { mechanism: sasl.mechanism });
  expectSuccess(
    handshake.errorCode,
    handshake.errorCode === 0 ? null : `the broker offers ${handshake.mechanisms.join(', ') || 'no mechanism'}`,
  );
  if (sasl.mechanism === 'PLAIN') {
    await exchange(connection, Buffer.from(`\0${sasl.username}\0${sasl.password}`));
    return;
  }
  await scram(connection, sasl, sasl.mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512');
}

async function scram(connection: Connection, sasl: SaslOptions, hash: 'sha256' | 'sha512'): Promise<void> {
  const clientNonce = randomBytes(24).toString('base64url');
  const firstBare = `n=${sasl.username.replace(/=/g, '=3D').replace(/,/g, '=2C')},r=${clientNonce}`;
  const serverFirst = (await exchange(connection, Buffer.from(`n,,${firstBare}`))).toString();
  const fields = scramFields(serverFirst);
  const nonce = fields.get('r') ?? '';
  const iterations = Number(fields.get('i') ?? 0);
  if (
    !nonce.startsWith(clientNonce) ||
    nonce.length === clientNonce.length ||
    iterations < minIterations ||
    iterations > maxIterations
  ) {
    throw new ConnectionError(connection.address, `${connection.address} sent an unacceptable SCRAM challenge`);
  }
  const lastWithoutProof = `c=biws,r=${nonce}`;
  const authMessage = `${firstBare},${serverFirst},${lastWithoutProof}`;
  const salt = Buffer.from(fields.get('s') ?? '', 'base64');
  const salted = await promisify(pbkdf2)(sasl.password, salt, iterations, hash === 'sha256' ? 32 : 64, hash);
  const clientKey = createHmac(hash, salted).update('Client Key').digest();
  const signature = createHmac(hash, createHash(hash).update(clientKey).digest()).update(authMessage).digest();
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] as number)));
  const serverFinal = (await exchange(connection, Buffer.from(`${lastWithoutProof},p=${proof.toString('base64')}`))).toString();
  const serverKey = createHmac(hash, salted).update('Server Key').digest();
  const expected = createHmac(hash, serverKey).update(authMessage).digest();
  const given = Buffer.from(scramFields(serverFinal).get('v') ?? '', 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new ConnectionError(connection.address, `${connection.address} could not prove that it knows the password`);
  }
}

function scramFields(text: string): Map<string, string> {
  return new Map(text.split(',').map((field) => [field.slice(0, 1), field.slice(2)]));
}

async function exchange(connection: Connection, authBytes: Buffer): Promise<Buffer> {
  const response = await connection.call(apis.saslAuthenticate, { authBytes });
  expectSuccess(response.errorCode, response.errorMessage);
  return Buffer.from(response.authBytes);
}
