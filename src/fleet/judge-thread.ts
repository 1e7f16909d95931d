/** What a thread runs that judges bundles; judges.ts starts it. */
import { worker } from 'workerpool';
import { judgeBundle } from './judge.ts';

worker({ judgeBundle });
