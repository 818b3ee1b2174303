import { type Bytes, fromHex, isZero, toHex } from "../primitives/bytes.js";
import { type CanonicalReader, CanonicalWriter, DecodeError } from "../primitives/codec.js";
import { checkPublicKey } from "../primitives/p256.js";
import { taggedHash } from "../primitives/sha256.js";
import { type CommitteeMember, membersMax, QuorumParameters, readMember } from "../consensus/committee.js";
import { protocolVersion } from "../consensus/signing.js";
import { JsonError, JsonNumber, type JsonObject, type JsonValue, parseJson } from "./json.js";

/** Why a genesis document was refused. */
export type GenesisRejection = "NotJson" | "UnknownKey" | "MissingKey" | "WrongType" | "OutOfRange" | "UnsupportedVersion";

/** A genesis document was refused: why, and at which key. */
export class GenesisError extends Error {
    constructor(readonly reason: GenesisRejection, readonly path: string, why: string) {
        super(`genesis: ${path}: ${why} (${reason})`);
        this.name = "GenesisError";
    }
}

const largestTransaction = 128n * 1024n + 21n;
const gibi = 1n << 30n;
const nameBytesMax = 64;
const u32Max = 0xffff_ffffn;
const u64Max = 0xffff_ffff_ffff_ffffn;

/** The policy's numbers in the order of their encoding: bits, default, least and most. */
const policyFields = {
    version: [32, 1n, 1n, 1n],
    receiptDeadlineHeights: [32, 3_000n, 1n, 1_000_000n],
    dedupSeconds: [32, 60n, 1n, 600n],
    evmDedupMs: [32, 5_000n, 1n, 60_000n],
    dedupIdsMax: [32, 4n << 20n, 1n, 64n << 20n],
    transactionBytesMax: [32, 128n << 10n, 1n, 128n << 10n],
    namespacesMax: [32, 16_384n, 1n, 1_000_000n],
    heightBytes: [64, 16n << 20n, largestTransaction, gibi],
    queueBytes: [64, 64n << 20n, largestTransaction, gibi],
    checkpointInterval: [32, 1_000n, 1n, 1_000_000n],
    resultIntervalMs: [32, 50n, 1n, 60_000n],
    blocksPerHeightMax: [32, 64n, 1n, 4_096n],
    freshnessMs: [32, 2_000n, 1n, 600_000n],
    clockDriftMs: [32, 500n, 1n, 60_000n],
    maxBatchesPerLane: [32, 64n, 1n, 4_096n],
    epochSeconds: [32, 0n, 0n, 31n * 24n * 3_600n],
    boundaryLead: [32, 10_000n, 2n, 1_000_000n],
} as const;

type PolicyField = keyof typeof policyFields;

const policyNames = Object.keys(policyFields) as PolicyField[];

/** The network's rules that every replica applies alike. */
export type Policy = Readonly<Record<PolicyField, bigint>>;

/** Lanes that a cut has room for. */
const lanesMax = 512n;

/** The terms of one namespace, as they are hashed. */
export interface NamespacePolicy {
    readonly id: bigint;
    readonly name: string;
    readonly admission: "opaque" | "evm";
    readonly evmChainId: bigint;
    readonly blockTimeMs: number;
    readonly timeGaps: "fill" | "jump";
    readonly l1Origin: "latest" | "stepOne";
    readonly byteCap: bigint;
    readonly share: number;
    readonly gasCap: bigint;
    /** Bit i is seat i of the genesis; undefined for every operator. */
    readonly attesters: bigint | undefined;
}

const admissions = ["", "opaque", "evm"] as const;
const timeGaps = ["", "fill", "jump"] as const;
const l1Origins = ["", "latest", "stepOne"] as const;

/**
 * What makes a network: its committee, its policy and its namespaces. It is what a verifier trusts; whoever shows one says
 * nothing, so compare its hash with one that you know.
 */
export class Genesis {
    /** SHA-256("SharedSeq.genesis" || encoding). */
    readonly hash: Bytes;

    private constructor(
        readonly chainId: bigint, readonly timestampMs: bigint, readonly quorum: QuorumParameters, readonly members: readonly CommitteeMember[],
        readonly policy: Policy, readonly namespaces: readonly NamespacePolicy[], readonly rpcs: readonly string[]) {
        this.hash = taggedHash("SharedSeq.genesis", this.encode());
    }

    /** Reads the document that operators start from: JSON with comments; unknown and repeated keys are refused. */
    static fromJson(text: string): Genesis {
        let document: JsonValue;
        try {
            document = parseJson(text);
        } catch (error) {
            throw error instanceof JsonError ? new GenesisError("NotJson", "document", error.message) : error;
        }

        return readDocument(new Fields(document, ""), Genesis.create);
    }

    /** Reads the encoding that the hash covers. */
    static read(reader: CanonicalReader): Genesis {
        checkVersion(BigInt(reader.u16()));
        const chainId = reader.u64();
        const timestampMs = reader.u64();
        const quorum = QuorumParameters.read(reader);
        const members = Array.from({ length: quorum.n }, () => readMember(reader));
        const policy = Object.fromEntries(policyNames.map(
            name => [name, policyFields[name][0] === 64 ? reader.u64() : BigInt(reader.u32())])) as Policy;
        const count = reader.u32();
        if (BigInt(count) > policy.namespacesMax) throw new DecodeError("OverLimit", "namespaces");
        const namespaces: NamespacePolicy[] = [];
        while (namespaces.length < count) {
            const last = namespaces.at(-1);
            const next = readNamespacePolicy(reader);
            if (last !== undefined && last.id >= next.id) throw new DecodeError("NotCanonical", "namespaces ascend");
            namespaces.push(next);
        }

        return Genesis.create(chainId, timestampMs, quorum, members, policy, namespaces, [], 0);
    }

    /** The terms of a namespace; undefined when it is not registered. */
    find(namespace: bigint): NamespacePolicy | undefined {
        return this.namespaces.find(item => item.id === namespace);
    }

    private static create(
        this: void, chainId: bigint, timestampMs: bigint, quorum: QuorumParameters, members: readonly CommitteeMember[], policy: Policy,
        namespaces: readonly NamespacePolicy[], rpcs: readonly string[], endpoints: number): Genesis {
        const ordered = [...namespaces].sort((a, b) => a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
        checkPolicy(policy);
        if (BigInt(ordered.length) > policy.namespacesMax) refuse("namespaces", `at most ${policy.namespacesMax}`);
        ordered.forEach((item, i) => {
            checkNamespace(item, quorum.n, `namespaces[${i}]`);
            if (i > 0 && ordered[i - 1]!.id === item.id) refuse(`namespaces[${i}].id`, "each id once");
        });
        if (endpoints !== 0 && endpoints !== quorum.n) refuse("committee.members", "endpoints of all operators or of none");
        if (policy.epochSeconds > 0n && BigInt(quorum.n) > lanesMax / (2n + policy.receiptDeadlineHeights / policy.boundaryLead))
            refuse("policy.boundaryLead", `the lanes of all epochs that could be open at once do not fit into a cut of ${lanesMax}`);
        checkKeys(members);
        return new Genesis(chainId, timestampMs, quorum, members, policy, ordered, rpcs);
    }

    private encode(): Bytes {
        const writer = new CanonicalWriter().u16(protocolVersion).u64(this.chainId).u64(this.timestampMs);
        this.quorum.write(writer);
        for (const member of this.members) writer.raw(member.voteKey).raw(member.nodeKey);
        for (const name of policyNames) {
            if (policyFields[name][0] === 64) writer.u64(this.policy[name]);
            else writer.u32(Number(this.policy[name]));
        }

        writer.u32(this.namespaces.length);
        for (const item of this.namespaces) writeNamespacePolicy(writer, item);
        return writer.toBytes();
    }
}

function refuse(path: string, why: string): never {
    throw new GenesisError("OutOfRange", path, why);
}

function checkVersion(version: bigint): void {
    if (version !== BigInt(protocolVersion))
        throw new GenesisError("UnsupportedVersion", "protocolVersion", `this code speaks ${protocolVersion}, not ${version}`);
}

function checkPolicy(policy: Policy): void {
    for (const name of policyNames) {
        const [, , least, most] = policyFields[name];
        if (policy[name] < least || policy[name] > most) refuse(`policy.${name}`, `${least} to ${most}`);
    }

    if (policy.epochSeconds > 0n && policy.boundaryLead < 2n * policy.checkpointInterval)
        refuse("policy.boundaryLead", `with epochs at least twice checkpointInterval, ${2n * policy.checkpointInterval}`);
}

function checkNamespace(item: NamespacePolicy, members: number, path: string): void {
    const isEvm = item.admission === "evm";
    const rules: [holds: boolean, field: string, why: string][] = [
        [item.id !== 0n, "id", "0 is the system namespace"],
        [/^[a-z0-9-]{1,64}$/.test(item.name), "name", `1 to ${nameBytesMax} lower-case letters, digits and hyphens`],
        [isEvm || item.admission === "opaque", "admission", "opaque or evm"],
        [!isEvm || item.evmChainId !== 0n, "evmChainId", "required with evm admission"],
        [isEvm || item.evmChainId === 0n, "evmChainId", "only with evm admission"],
        [item.blockTimeMs <= 3_600_000, "blockTimeMs", "at most 3600000"],
        [item.timeGaps === "fill" || item.timeGaps === "jump", "timeGaps", "fill or jump"],
        [item.l1Origin === "latest" || item.l1Origin === "stepOne", "l1Origin", "latest or stepOne"],
        [item.byteCap >= largestTransaction && item.byteCap <= gibi, "byteCap", `${largestTransaction} to ${gibi} bytes`],
        [item.share >= 1 && item.share <= 1_000_000, "share", "1 to 1000000"],
        [isEvm || item.gasCap === 0n, "gasCap", "only with evm admission"],
        [item.attesters === undefined || (item.attesters > 0n && item.attesters >> BigInt(members) === 0n), "attesters",
            "operators of the committee, at least one"],
    ];
    for (const [holds, field, why] of rules) {
        if (!holds) refuse(`${path}.${field}`, why);
    }
}

/** A key that served two seats or two purposes would let one operator speak as another; so would its mirror image. */
function checkKeys(members: readonly CommitteeMember[]): void {
    const seen = new Set<string>();
    members.forEach((member, i) => {
        if (isZero(member.voteKey) || isZero(member.nodeKey)) refuse(`committee.members[${i}]`, "a seat of genesis has keys");
        for (const key of ["voteKey", "nodeKey"] as const) {
            const x = toHex(member[key].subarray(0, 32));
            if (seen.has(x)) refuse(`committee.members[${i}].${key}`, "every key once");
            seen.add(x);
        }
    });
}

function readNamespacePolicy(reader: CanonicalReader): NamespacePolicy {
    const fields = {
        id: reader.u64(), name: new TextDecoder().decode(reader.lengthPrefixed(nameBytesMax, "namespace name")),
        // A number without a name is refused by checkNamespace, as every other value out of range.
        admission: admissions[reader.byte()] as NamespacePolicy["admission"], evmChainId: reader.u64(), blockTimeMs: reader.u32(),
        timeGaps: timeGaps[reader.byte()] as NamespacePolicy["timeGaps"], l1Origin: l1Origins[reader.byte()] as NamespacePolicy["l1Origin"],
        byteCap: reader.u64(), share: reader.u32(), gasCap: reader.u64(),
    };
    return { ...fields, attesters: reader.bool() ? (reader.u64() << 64n) | reader.u64() : undefined };
}

function writeNamespacePolicy(writer: CanonicalWriter, item: NamespacePolicy): void {
    writer.u64(item.id).lengthPrefixed(new TextEncoder().encode(item.name)).byte(admissions.indexOf(item.admission)).u64(item.evmChainId)
        .u32(item.blockTimeMs).byte(timeGaps.indexOf(item.timeGaps)).byte(l1Origins.indexOf(item.l1Origin)).u64(item.byteCap)
        .u32(item.share).u64(item.gasCap).bool(item.attesters !== undefined);
    if (item.attesters !== undefined) writer.u64(item.attesters >> 64n).u64(item.attesters & u64Max);
}

type Create = (
    chainId: bigint, timestampMs: bigint, quorum: QuorumParameters, members: CommitteeMember[], policy: Policy, namespaces: NamespacePolicy[],
    rpcs: string[], endpoints: number) => Genesis;

function readDocument(fields: Fields, create: Create): Genesis {
    checkVersion(fields.u64("protocolVersion"));
    const chainId = fields.u64("chainId");
    const timestampMs = fields.u64("timestampMs");
    const { quorum, members, rpcs, endpoints } = readCommittee(fields.object("committee"));
    const policy = readPolicy(fields.has("policy") ? fields.object("policy") : undefined);
    const namespaces = fields.objects("namespaces").map(readNamespace);
    fields.end();
    return create(chainId, timestampMs, quorum, members, policy, namespaces, rpcs, endpoints);
}

function readCommittee(fields: Fields): { quorum: QuorumParameters; members: CommitteeMember[]; rpcs: string[]; endpoints: number } {
    const members: CommitteeMember[] = [];
    const rpcs: string[] = [];
    let endpoints = 0;
    for (const item of fields.objects("members")) {
        members.push({ voteKey: item.publicKey("voteKey"), nodeKey: item.publicKey("nodeKey") });
        if (item.has("peer")) {
            item.text("name", "");
            item.text("peer");
            if (item.has("rpc")) rpcs.push(item.text("rpc"));
            endpoints++;
        }

        item.end();
    }

    const [f, p] = [fields.u32("f"), fields.u32("p")];
    fields.end();
    if (!QuorumParameters.isValid(members.length, f, p))
        refuse("committee", `n=${members.length}, f=${f}, p=${p}: n must be at least 3f+2p+1, at most 128`);
    return { quorum: new QuorumParameters(members.length, f, p), members, rpcs, endpoints };
}

function readPolicy(fields: Fields | undefined): Policy {
    const policy = Object.fromEntries(policyNames.map(name => {
        const [bits, fallback] = policyFields[name];
        if (fields === undefined) return [name, fallback];
        return [name, bits === 64 ? fields.u64(name, fallback) : BigInt(fields.u32(name, fallback))];
    })) as Policy;
    fields?.end();
    return policy;
}

function readNamespace(fields: Fields): NamespacePolicy {
    const policy = {
        id: fields.u64("id"), name: fields.text("name"), admission: fields.choice("admission", undefined, ["opaque", "evm"] as const),
        evmChainId: fields.u64("evmChainId", 0n), blockTimeMs: fields.u32("blockTimeMs", 0n),
        timeGaps: fields.choice("timeGaps", "fill", ["fill", "jump"] as const),
        l1Origin: fields.choice("l1Origin", "latest", ["latest", "stepOne"] as const), byteCap: fields.u64("byteCap", 8n << 20n),
        share: fields.u32("share", 1n), gasCap: fields.u64("gasCap", 0n), attesters: fields.replicas("attesters"),
    };
    fields.end();
    return policy;
}

/** Reads one JSON object strictly: each key that is asked for is ticked off, and `end` refuses those that nobody asked for. */
class Fields {
    private readonly members: JsonObject;
    private readonly asked = new Set<string>();

    constructor(value: JsonValue, private readonly path: string) {
        if (!(value instanceof Map)) throw new GenesisError("WrongType", path === "" ? "document" : path, "an object is wanted");
        this.members = value;
    }

    has(key: string): boolean {
        this.asked.add(key);
        return this.members.has(key);
    }

    u64(key: string, fallback?: bigint): bigint {
        if (fallback !== undefined && !this.has(key)) return fallback;
        return this.number(key, this.required(key));
    }

    u32(key: string, fallback?: bigint): number {
        const value = this.u64(key, fallback);
        if (value > u32Max) refuse(this.pathOf(key), `at most ${u32Max}`);
        return Number(value);
    }

    text(key: string, fallback?: string): string {
        if (fallback !== undefined && !this.has(key)) return fallback;
        const value = this.required(key);
        if (typeof value !== "string") throw new GenesisError("WrongType", this.pathOf(key), "a text is wanted");
        return value;
    }

    choice<T extends string>(key: string, fallback: T | undefined, words: readonly T[]): T {
        const word = this.text(key, fallback);
        return words.find(item => item === word) ?? refuse(this.pathOf(key), `'${word}' is not one of the choices`);
    }

    publicKey(key: string): Bytes {
        const bytes = fromHex(this.text(key));
        if (bytes?.length !== 64) throw new GenesisError("WrongType", this.pathOf(key), "a public key is 64 bytes in hex");
        if (checkPublicKey(bytes) !== "None") refuse(this.pathOf(key), "not a P-256 public key");
        return bytes;
    }

    object(key: string): Fields {
        return new Fields(this.required(key), this.pathOf(key));
    }

    objects(key: string): Fields[] {
        const value = this.required(key);
        if (!Array.isArray(value)) throw new GenesisError("WrongType", this.pathOf(key), "a list is wanted");
        return value.map((item, i) => new Fields(item, `${this.pathOf(key)}[${i}]`));
    }

    /** "all" or absent is undefined; otherwise a list of operator indexes. */
    replicas(key: string): bigint | undefined {
        if (!this.has(key)) return undefined;
        const value = this.required(key);
        if (value === "all") return undefined;
        if (!Array.isArray(value)) throw new GenesisError("WrongType", this.pathOf(key), "\"all\" or a list of operator indexes is wanted");
        let set = 0n;
        for (const item of value) {
            const index = this.number(key, item);
            if (index >= BigInt(membersMax) || (set >> index & 1n) !== 0n) refuse(this.pathOf(key), "operator indexes, each once");
            set |= 1n << index;
        }

        return set;
    }

    /** Refuses keys that were not asked for. */
    end(): void {
        for (const key of this.members.keys()) {
            if (!this.asked.has(key)) throw new GenesisError("UnknownKey", this.pathOf(key), "this key is not known");
        }
    }

    private required(key: string): JsonValue {
        this.asked.add(key);
        const value = this.members.get(key);
        if (value === undefined) throw new GenesisError("MissingKey", this.pathOf(key), "this key is required");
        return value;
    }

    private number(key: string, value: JsonValue): bigint {
        if (value instanceof JsonNumber && /^[0-9]{1,20}$/.test(value.text) && BigInt(value.text) <= u64Max) return BigInt(value.text);
        throw new GenesisError("WrongType", this.pathOf(key), "a whole number from 0 is wanted");
    }

    private pathOf(key: string): string {
        return this.path === "" ? key : `${this.path}.${key}`;
    }
}
