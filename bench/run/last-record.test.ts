/** Against the last record: of the same class of machine only, the newest that has the figure. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineClass } from '../report/machine.ts';
import { recordOf } from '../report/record-fixture.ts';
import { comparisonWithLast } from './last-record.ts';

test('a figure is compared with the newest record of the same class that has it', () => {
  const older = recordOf({ commit: 'older' });
  const newer = recordOf({ commit: 'newer', figures: [] });
  const now = recordOf({
    figures: older.figures.map((figure) => ({ ...figure, values: { jackdaw: [50] } })),
  });
  const text = comparisonWithLast(now, [newer, older]);
  assert.match(text, /produce 1 KiB, Jackdaw, fsync: 0\.50 × \(50\.0 MB\/s, was 100 at older, 2026-11-22\)/);
});

test('other classes of machines are not looked at', () => {
  const { machine } = recordOf();
  const text = comparisonWithLast(recordOf(), [recordOf({ machine: { ...machine, class: 'another' } })]);
  assert.match(text, /No run is recorded of this class of machine \(CPU × 2\)/);
});

test('micro-benchmarks are compared by name', () => {
  const micro = { name: 'crc', unit: 'ns', nanoseconds: 100, limitNanoseconds: 50, limit: '', bytes: 0 };
  const now = recordOf({ figures: [], micro: [{ ...micro, nanoseconds: 120 }] });
  assert.match(comparisonWithLast(now, [recordOf({ figures: [], micro: [micro] })]), /crc: 1\.20 × \(120 ns, was 100 at/);
});

test('a little more or less memory, or another minor version, is the same class', () => {
  const machine = { cpu: 'CPU', cores: 2, memoryGib: 16, node: 'v20.20.2' };
  assert.equal(machineClass(machine), 'CPU × 2, ~16 GiB, Node 20');
  assert.equal(machineClass({ ...machine, memoryGib: 15, node: 'v20.19.0' }), machineClass(machine));
  assert.notEqual(machineClass({ ...machine, cores: 4 }), machineClass(machine));
});
