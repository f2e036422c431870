/**
 * Kafka's client properties (security.protocol, sasl.*, ssl.*) into the options of this program's client.
 *
 * PEM only: `ssl.truststore.location`, `ssl.keystore.location` and `ssl.keystore.key` must be PEM files or PEM text, because
 * Java key stores cannot be read here. Keys that mean nothing to this client are ignored, as Kafka's tools do with unknown ones.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { ClientOptions, SaslOptions } from '@jackdaw/client';
import { UsageError } from '../failure.ts';

export function securityOptions(properties: ReadonlyMap<string, string>): Pick<ClientOptions, 'tls' | 'sasl'> {
  const protocol = (properties.get('security.protocol') ?? 'PLAINTEXT').toUpperCase();
  if (!['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'].includes(protocol)) {
    throw new UsageError(`security.protocol: "${protocol}" is unknown`, 'one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL');
  }
  return {
    ...(protocol.endsWith('SSL') ? { tls: tlsOptions(properties) } : {}),
    ...(protocol.startsWith('SASL') ? { sasl: saslOptions(properties) } : {}),
  };
}

function tlsOptions(properties: ReadonlyMap<string, string>): ConnectionOptions {
  const ca = pem(properties, 'ssl.truststore.certificates', 'ssl.truststore.location');
  const cert = pem(properties, 'ssl.keystore.certificate.chain', 'ssl.keystore.location');
  const key = pem(properties, 'ssl.keystore.key', 'ssl.keystore.location');
  const passphrase = properties.get('ssl.key.password');
  const skipsHostname = properties.get('ssl.endpoint.identification.algorithm') === '';
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(skipsHostname ? { checkServerIdentity: (): undefined => undefined } : {}),
  };
}

/** The PEM text in one key, or in the file that another key names. */
function pem(properties: ReadonlyMap<string, string>, textKey: string, fileKey: string): string | undefined {
  const inline = properties.get(textKey);
  if (inline !== undefined) return inline;
  const file = properties.get(fileKey);
  if (file === undefined) return undefined;
  if (!existsSync(file)) throw new UsageError(`${fileKey}: there is no file ${file}`);
  const content = readFileSync(file, 'utf8');
  if (!content.includes('-----BEGIN'))
    throw new UsageError(`${fileKey}: ${file} is not a PEM file`, 'convert the key store, or export it as PEM');
  return content;
}

function saslOptions(properties: ReadonlyMap<string, string>): SaslOptions {
  const mechanism = (properties.get('sasl.mechanism') ?? 'PLAIN').toUpperCase();
  if (mechanism !== 'PLAIN' && mechanism !== 'SCRAM-SHA-256' && mechanism !== 'SCRAM-SHA-512') {
    throw new UsageError(`sasl.mechanism: "${mechanism}" is not supported`, 'one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512');
  }
  const jaas = properties.get('sasl.jaas.config') ?? '';
  const username = jaasValue(jaas, 'username') ?? properties.get('sasl.username');
  const password = jaasValue(jaas, 'password') ?? properties.get('sasl.password');
  if (username === undefined || password === undefined) {
    throw new UsageError(
      'sasl.jaas.config: username and password are needed',
      'for example …LoginModule required username="u" password="p";',
    );
  }
  return { mechanism, username, password };
}

function jaasValue(jaas: string, key: 'username' | 'password'): string | undefined {
  const match = new RegExp(`\\b${key}\\s*=\\s*(?:"((?:\\\\.|[^"\\\\])*)"|([^\\s;]+))`).exec(jaas);
  return match === null ? undefined : (match[1]?.replace(/\\(.)/g, '$1') ?? match[2]);
}
