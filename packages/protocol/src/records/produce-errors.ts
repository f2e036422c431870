/**
 * The Kafka error codes that record validation can answer with.
 */
export const errorCorruptMessage = 2;
export const errorMessageTooLarge = 10;
export const errorInvalidTimestamp = 32;
export const errorUnsupportedCompressionType = 76;
export const errorInvalidRecord = 87;
