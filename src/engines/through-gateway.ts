/** Lets an engine reach a model: a forwarder inside the cage, and the words by which ordinary clients find it. Pure. */
import type { EnginePlan } from './engine.ts';

const FORWARD = '/opt/proofbox/engines/forward/forward.py';
const PORT = 8099;
/** Where an engine finds its model inside the cage. */
export const GATEWAY_ADDRESS = `http://127.0.0.1:${PORT}`;
/** What an engine holds in the place of a key; the real one is added outside. */
export const PLACEHOLDER = 'placeholder';

/** The same plan behind the forwarder, with the variables that OpenAI's and Anthropic's clients read. */
export function throughGateway(plan: EnginePlan, socket: string): EnginePlan {
  return {
    ...plan,
    argv: ['python3', '-I', FORWARD, socket, String(PORT), '--', ...plan.argv],
    env: {
      ...plan.env,
      OPENAI_BASE_URL: `${GATEWAY_ADDRESS}/v1`,
      OPENAI_API_BASE: `${GATEWAY_ADDRESS}/v1`,
      OPENAI_API_KEY: PLACEHOLDER,
      ANTHROPIC_BASE_URL: GATEWAY_ADDRESS,
      ANTHROPIC_API_KEY: PLACEHOLDER,
    },
  };
}
