import { type Bytes, same } from "../primitives/bytes.js";
import { CanonicalReader, DecodeError } from "../primitives/codec.js";
import { rootOfLeafHashes } from "../primitives/merkle.js";
import { transactionId } from "../consensus/receipts.js";
import { type NamespaceBlock, namespaceGenesisHash, readNamespaceBlock } from "../ordering/namespaces.js";
import { isValid } from "../proofs/verdict.js";
import { pause } from "./networkClient.js";
import type { NetworkDirectory } from "./networkDirectory.js";
import { bytesOf, ConnectionError, isObject, OperatorClient, type Parameter, refusalOf, requestText } from "./operatorClient.js";

/** Why a stream of namespace blocks left an operator; the names are those of the C# implementation. */
export type StreamFault = "Unreachable" | "Silent" | "Behind" | "Pruned" | "Refused" | "Malformed" | "BrokenChain" | "BadProof";

/** A stream left an operator, or all of them one after the other. */
export class StreamError extends Error {
    constructor(readonly fault: StreamFault, message: string, options?: ErrorOptions) {
        super(`${fault}: ${message}`, options);
        this.name = "StreamError";
    }

    /** Whether asking the same operator again would be answered the same. */
    get isLasting(): boolean {
        return this.fault !== "Unreachable" && this.fault !== "Silent" && this.fault !== "Behind";
    }
}

export interface FollowedTransaction {
    /** The TxId. */
    readonly id: Bytes;
    readonly validUntil: bigint;
    readonly payload: Bytes;
}

/** A block, certified by a quorum of its epoch's committee, with the transactions that its root commits to. */
export interface FollowedBlock {
    readonly block: NamespaceBlock;
    readonly transactions: readonly FollowedTransaction[];
}

export interface StreamOptions {
    /** Where to go on: the number after the last block that was taken care of, at any operator. Default 1. */
    readonly from?: bigint;
    /** Hash of the block before `from`, where it is known. */
    readonly parentHash?: Uint8Array;
    readonly signal?: AbortSignal;
    /**
     * Milliseconds without a proved block after which another operator is tried; the namespace's block time comes on top.
     * Default 10,000: a namespace without block times has nothing to say when idle, and a change then costs a connection.
     */
    readonly silenceMs?: number;
    /** Told why an operator was left, before the next one is tried. */
    readonly onOperatorLeft?: (rpc: string, error: StreamError) => void;
}

/** Blocks under way and held: the server's default. */
const windowBlocks = 64;

/** Milliseconds before a proof is asked for again: certificates follow about 50 ms after a block. */
const askAgainMs = 25;

/** Milliseconds between two operators: nobody is asked in a tight loop. */
const pauseMs = 100;

/**
 * Follows a namespace across operators and epochs: every block from a number on, once, in order, whoever dies, lies, joins or
 * leaves meanwhile. A block is given on only when a result certificate covers it.
 */
export class NamespaceStream {
    constructor(private readonly network: NetworkDirectory, private readonly namespace: bigint) {
        if (typeof globalThis.WebSocket !== "function")
            throw new Error("there is no WebSocket here: start Node 20 with --experimental-websocket, or use Node 22");
        if (network.genesis.find(namespace) === undefined) throw new RangeError(`namespace ${namespace} is not registered`);
    }

    /** Yields blocks until aborted; throws the last `StreamError` when every operator in turn failed for a lasting reason. */
    async *follow(options: StreamOptions = {}): AsyncGenerator<FollowedBlock, never, void> {
        const { signal, silenceMs = 10_000, onOperatorLeft } = options;
        const blockTimeMs = this.network.genesis.find(this.namespace)!.blockTimeMs;
        let next = options.from ?? 1n;
        let parent = options.parentHash ?? (next === 1n ? namespaceGenesisHash(this.network.genesis.hash, this.namespace) : undefined);
        let lasting = 0;
        for (let at = 0; ; at++) {
            const { operators } = this.network;
            const rpc = operators[at % operators.length]!;
            const session = new StreamSession(this.network, this.namespace, rpc, silenceMs + blockTimeMs, signal);
            let left: StreamError | undefined;
            try {
                while (left === undefined) {
                    let proved: readonly FollowedBlock[];
                    try {
                        proved = await session.read(next, parent);
                    } catch (error) {
                        signal?.throwIfAborted();
                        left = asStreamError(error);
                        break;
                    }

                    lasting = 0;
                    for (const item of proved) {
                        parent = item.block.hash;
                        next = item.block.number + 1n;
                        yield item;
                    }
                }
            } finally {
                session.close();
            }

            onOperatorLeft?.(rpc, left);
            lasting = left.isLasting ? lasting + 1 : 0;
            if (lasting === operators.length) throw left;
            await pause(pauseMs, signal);
        }
    }
}

function asStreamError(error: unknown): StreamError {
    if (error instanceof StreamError) return error;
    if (error instanceof ConnectionError || error instanceof DecodeError || error instanceof SyntaxError)
        return new StreamError("Malformed", error.message, { cause: error });
    throw error;
}

/** A subscription at one operator. Blocks are held until the operator has proved the newest of them, which covers all below. */
class StreamSession {
    private readonly held: FollowedBlock[] = [];
    private readonly messages: string[] = [];
    private socket: WebSocket | undefined;
    private closed: StreamError | undefined;
    private ended: StreamError | undefined;
    private wake: (() => void) | undefined;
    private subscription = "";
    private nextCall = 1;
    private subscribeCall = 0;
    private proofCall = 0;
    private askAt = 0;
    private wantedProof = 0n;
    private given = 0n;
    private next = 0n;
    private parent: Uint8Array | undefined;

    constructor(
        private readonly network: NetworkDirectory, private readonly namespace: bigint, private readonly rpc: string,
        private readonly silenceMs: number, private readonly signal: AbortSignal | undefined) {}

    /** Waits for the next blocks that are proved, from `next` on; throws when the operator is to be left. */
    async read(next: bigint, parent: Uint8Array | undefined): Promise<readonly FollowedBlock[]> {
        const deadline = performance.now() + this.silenceMs;
        if (this.socket === undefined) await this.open(next, parent, deadline);
        else if (this.ended === undefined) this.call("sharedseq_acknowledge", [this.subscription, this.given]);
        while (true) {
            if (this.ended !== undefined && this.held.length === 0) throw this.ended;
            if (this.isProofOwed && performance.now() >= this.askAt) this.askForProof();
            const message = await this.receive(deadline);
            const proved = message === undefined ? undefined : await this.handle(message);
            if (proved !== undefined) return proved;
        }
    }

    close(): void {
        this.socket?.close();
    }

    /** Blocks are held whose proof is not asked for at the moment. */
    private get isProofOwed(): boolean {
        return this.held.length > 0 && this.proofCall === 0;
    }

    private async open(next: bigint, parent: Uint8Array | undefined, deadline: number): Promise<void> {
        [this.next, this.parent] = [next, parent];
        const socket = new WebSocket(this.rpc.replace(/^http/, "ws"));
        this.socket = socket;
        let isOpen = false;
        const signalled = (): void => this.wake?.();
        socket.addEventListener("open", () => {
            isOpen = true;
            signalled();
        });
        socket.addEventListener("message", event => {
            if (typeof event.data === "string") this.messages.push(event.data);
            else this.closed ??= new StreamError("Malformed", "a message that is no text");
            signalled();
        });
        for (const end of ["close", "error"]) {
            socket.addEventListener(end, () => {
                this.closed ??= new StreamError("Unreachable", isOpen ? "the operator closed the connection" : "no connection");
                signalled();
            });
        }

        while (!isOpen) await this.wait(deadline);
        this.subscribeCall = this.call(
            "sharedseq_subscribe", ["namespaceBlocks", { namespace: this.namespace, from: next, window: windowBlocks }]);
    }

    private askForProof(): void {
        // The same block until it is proved: the newest one changes all the time, and is never certified yet.
        if (this.wantedProof === 0n) this.wantedProof = this.held.at(-1)!.block.number;
        this.proofCall = this.call("sharedseq_getProof", ["namespaceBlock", this.namespace, this.wantedProof]);
    }

    private call(method: string, parameters: readonly Parameter[]): number {
        const id = this.nextCall++;
        if (this.socket!.readyState === WebSocket.OPEN) this.socket!.send(requestText(id, method, parameters));
        return id;
    }

    /** The next message; undefined when it is time to ask for a proof again. */
    private async receive(deadline: number): Promise<string | undefined> {
        if (this.messages.length === 0) await this.wait(this.isProofOwed ? Math.min(this.askAt, deadline) : deadline, deadline);
        return this.messages.shift();
    }

    /** Waits until something happens, or until a time; throws when the connection or the patience is at its end. */
    private async wait(until: number, deadline = until): Promise<void> {
        this.signal?.throwIfAborted();
        if (this.closed !== undefined && this.messages.length === 0) throw this.closed;
        const patience = new AbortController();
        const woken = new Promise<void>(resolve => {
            this.wake = resolve;
        });
        const timeout = pause(Math.max(0, until - performance.now()), this.signal === undefined ? patience.signal
            : AbortSignal.any([this.signal, patience.signal]));
        timeout.catch(() => undefined);
        try {
            await Promise.race([woken, timeout]);
        } finally {
            this.wake = undefined;
            patience.abort();
        }

        if (this.closed !== undefined && this.messages.length === 0) throw this.closed;
        if (performance.now() >= deadline) throw new StreamError("Silent", `nothing proved for ${this.silenceMs} ms`);
    }

    /** Takes in a message; the blocks that it proves, if it proves any. */
    private async handle(message: string): Promise<readonly FollowedBlock[] | undefined> {
        const root: unknown = JSON.parse(message);
        if (!isObject(root)) throw new StreamError("Malformed", "a message that is no object");
        if ("params" in root) {
            this.hold(root["params"]);
            return undefined;
        }

        const call = root["id"];
        const refusal = "error" in root ? refusalOf(root["error"]) : undefined;
        if (call === this.proofCall) {
            this.proofCall = 0;
            if (refusal === undefined) return this.prove(bytesOf(OperatorClient.memberOf(root["result"], "proof")));
            if (refusal.errorName === "NotFound" || refusal.errorName === "BeyondHead") {
                this.askAt = performance.now() + askAgainMs;
                return undefined;
            }
        }

        if (refusal !== undefined) throw new StreamError(faultOf(refusal.errorName), refusal.message, { cause: refusal });
        if (call === this.subscribeCall) this.subscription = String(root["result"]);
        return undefined;
    }

    private hold(notification: unknown): void {
        const ended = OperatorClient.memberOf(notification, "ended");
        if (ended !== undefined) {
            // What was sent before may still be proved.
            const fault = ended === "pruned" ? "Pruned" : ended === "slow" ? "Unreachable" : "Refused";
            this.ended = new StreamError(fault, `the subscription ended: ${String(ended)}`);
            return;
        }

        const item = readFollowedBlock(OperatorClient.memberOf(notification, "result"));
        const { block } = item;
        const follows = block.namespace === this.namespace && block.number === this.next
            && (this.parent === undefined || same(block.parentHash, this.parent));
        if (!follows) throw new StreamError("BrokenChain", `block ${block.number} does not follow block ${this.next - 1n}`);
        if (this.held.length === windowBlocks) throw new StreamError("Malformed", `more than ${windowBlocks} blocks under way`);
        this.held.push(item);
        this.next++;
        this.parent = block.hash;
    }

    /** Checks the proof asked for; what it covers is given on. */
    private async prove(file: Bytes): Promise<readonly FollowedBlock[]> {
        const { verdict, proof } = await this.network.verify(file, this.signal);
        if (!isValid(verdict)) throw new StreamError("BadProof", `${verdict.fault}: ${verdict.detail}`);
        const count = Number(this.wantedProof - this.held[0]!.block.number) + 1;
        if (proof?.kind !== "NamespaceBlock" || !same(proof.block.hash, this.held[count - 1]!.block.hash))
            throw new StreamError("BadProof", `block ${this.wantedProof} is not the one that is certified`);
        this.given = this.wantedProof;
        this.wantedProof = 0n;
        return this.held.splice(0, count);
    }
}

function faultOf(errorName: string): StreamFault {
    switch (errorName) {
        case "Pruned": return "Pruned";
        case "BeyondHead": return "Behind";
        case "NotReady": case "InternalError": return "Unreachable";
        default: return "Refused";
    }
}

/** Reads a block as subscribers get it; its transactions are checked against its root. */
function readFollowedBlock(result: unknown): FollowedBlock {
    const reader = new CanonicalReader(bytesOf(OperatorClient.memberOf(result, "encoded")));
    const block = readNamespaceBlock(reader);
    reader.end("namespace block");
    const items = OperatorClient.memberOf(result, "transactions");
    if (!Array.isArray(items)) throw new DecodeError("Malformed", "a block without a list of transactions");
    const transactions = items.map((item: unknown): FollowedTransaction => {
        const payload = bytesOf(OperatorClient.memberOf(item, "data"));
        const seconds = OperatorClient.memberOf(item, "validUntil");
        if (typeof seconds !== "number" || !Number.isSafeInteger(seconds) || seconds < 0) throw new DecodeError("Malformed", "validUntil");
        const validUntil = BigInt(seconds);
        return { id: transactionId(block.namespace, validUntil, payload), validUntil, payload };
    });
    const isWhole = transactions.length === block.count && same(rootOfLeafHashes(transactions.map(item => item.id)), block.txRoot);
    if (!isWhole) throw new DecodeError("Malformed", "the transactions are not the block's");
    return { block, transactions };
}
