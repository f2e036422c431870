/**
 * Runs one of Kafka's own Java tools against a cluster, and gives what it printed; its lines are shown as progress.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { javaArguments } from '../../test/peer/java.ts';
import { adopt } from '../cluster/leftovers.ts';
import { BenchError } from '../run/bench-error.ts';

export interface ToolRun {
  readonly className: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  readonly onLine?: (line: string) => void;
}

const toolsPackage = 'org.apache.kafka.tools';
const keptErrorCharacters = 800;

/** Everything on standard output. Rejects when the tool fails or takes too long. */
export function runTool({ className, args, timeoutMs, onLine }: ToolRun): Promise<string> {
  const javaArgs = javaArguments('tool', `${toolsPackage}.${className}`, args);
  return new Promise((resolve, reject) => {
    const child = adopt(spawn('java', javaArgs, { stdio: ['ignore', 'pipe', 'pipe'] }));
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const lines: string[] = [];
    let errors = '';
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        lines.push(line);
        onLine?.(line);
      });
    }
    child.stderr?.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-keptErrorCharacters)));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      const said = errors.trim() || lines.slice(-3).join('\n');
      if (isLate) reject(new BenchError(`${className} was not done after ${timeoutMs} ms: ${said}`));
      else if (code !== 0) reject(new BenchError(`${className} ended with ${code ?? 'a signal'}: ${said}`));
      else resolve(lines.join('\n'));
    });
  });
}
