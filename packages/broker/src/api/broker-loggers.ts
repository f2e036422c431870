/**
 * The log level of this broker as Kafka's tools see it: the BROKER_LOGGER resource, with one logger, `root` (KIP-412).
 *
 * A level lives only in the process; it is gone with it, as in Kafka. Level names are log4j's, in capitals.
 */
import { apiError, configSources, noError, type ApiError, type ConfigEntry } from '@jackdaw/metadata';
import type { IncrementalAlterConfigsRequest } from '@jackdaw/protocol';

/** Whatever has a level that can be changed while it runs: pino's logger is one. */
export interface LeveledLog {
  level: string;
}

type Alteration = IncrementalAlterConfigsRequest['resources'][number]['configs'][number];

const rootLogger = 'root';
const levels = ['DEBUG', 'ERROR', 'FATAL', 'INFO', 'TRACE', 'WARN'];
const operations = { set: 0, delete: 1, append: 2, subtract: 3 } as const;
const operationNames: ReadonlyMap<number, string> = new Map<number, string>([
  [operations.append, 'APPEND'],
  [operations.subtract, 'SUBTRACT'],
]);

export function describeLoggers(log: LeveledLog, names: readonly string[] | null): ConfigEntry[] {
  if (names !== null && names.length > 0 && !names.includes(rootLogger)) return [];
  const entry: ConfigEntry = {
    name: rootLogger,
    value: log.level === 'silent' ? 'OFF' : log.level.toUpperCase(),
    readOnly: false,
    configSource: configSources.dynamicBrokerLogger,
    isSensitive: false,
    synonyms: [],
    configType: 0,
    documentation: null,
  };
  return [entry];
}

/** Carries out all alterations of one resource, or none. */
export function alterLoggers(
  log: LeveledLog,
  alterations: readonly Alteration[],
  { validateOnly }: { validateOnly: boolean },
): ApiError {
  for (const alteration of alterations) {
    const error = checkAlteration(alteration);
    if (error !== null) return error;
  }
  if (!validateOnly) for (const { value } of alterations) log.level = (value ?? '').toLowerCase();
  return noError;
}

function checkAlteration({ name, value, configOperation }: Alteration): ApiError | null {
  if (configOperation !== operations.set && configOperation !== operations.delete) {
    const text = operationNames.get(configOperation);
    const operation = text === undefined ? `Unknown operation type ${configOperation} is` : `${text} operation is`;
    return apiError('INVALID_REQUEST', `${operation} not allowed for the BROKER_LOGGER resource`);
  }
  if (name !== rootLogger) return apiError('INVALID_CONFIG', `Logger ${name} does not exist!`);
  if (configOperation === operations.delete) {
    return apiError('INVALID_REQUEST', `Removing the log level of the ${rootLogger} logger is not allowed`);
  }
  if (value !== null && levels.includes(value)) return null;
  const wrong = `Cannot set the log level of ${name} to ${value} as it is not a supported log level.`;
  return apiError('INVALID_CONFIG', `${wrong} Valid log levels are ${levels.join(', ')}`);
}
