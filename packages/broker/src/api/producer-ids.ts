/**
 * Producer ids for idempotent producers: handed out from blocks that the controller has committed before use (C4).
 *
 * A block is asked for when the current one runs out; requests that come meanwhile wait for it together. Ids of a block
 * that is not used up are lost with the process, never given twice.
 */
import { ErrorCode } from '@jackdaw/protocol';
import type { BrokerServices } from '../broker-services.ts';
import { controllerApis } from '../quorum/controller-apis.ts';
import { ControllerError } from '../quorum/controller-driver.ts';

const timeoutMs = 5_000;

export class ProducerIds {
  readonly #broker: () => BrokerServices;
  #next = 0;
  #end = 0;
  #asking: Promise<void> | null = null;

  constructor(broker: () => BrokerServices) {
    this.#broker = broker;
  }

  /**
   * A fresh producer id. Rejects with {@link ControllerError} when the controller gives no block in time, always with
   * COORDINATOR_LOAD_IN_PROGRESS: that one every client takes for a reason to try again, which older ones do not do after
   * REQUEST_TIMED_OUT (Kafka's RPCProducerIdManager).
   */
  async next(): Promise<number> {
    while (this.#next >= this.#end) {
      this.#asking ??= this.#ask().finally(() => (this.#asking = null));
      await this.#asking;
    }
    return this.#next++;
  }

  async #ask(): Promise<void> {
    const { controller, nodeId, lifecycle } = this.#broker();
    const request = { brokerId: nodeId, brokerEpoch: lifecycle.brokerEpoch };
    const block = await controller.call(controllerApis.allocateProducerIds, request, timeoutMs).catch((cause: unknown) => {
      if (!(cause instanceof ControllerError)) throw cause;
      throw new ControllerError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, `no producer ids yet: ${cause.message}`, { cause });
    });
    if (block.errorCode !== ErrorCode.NONE) {
      throw new ControllerError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, 'the controller gave no producer ids yet');
    }
    this.#next = block.producerIdStart;
    this.#end = block.producerIdStart + block.producerIdLen;
  }
}
