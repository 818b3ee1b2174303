const mask = 0xffff_ffff_ffff_ffffn;

/** SplitMix64, as the C# implementation's `Prng`: it decides the order of leaders. Not for keys. */
export class Prng {
    constructor(private state: bigint) {}

    nextU64(): bigint {
        this.state = (this.state + 0x9e37_79b9_7f4a_7c15n) & mask;
        let z = this.state;
        z = ((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & mask;
        z = ((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn) & mask;
        return z ^ (z >> 31n);
    }

    /** Uniform in [0, bound); the bound is positive. */
    below(bound: number): number {
        return Number((this.nextU64() * BigInt(bound)) >> 64n);
    }

    shuffle<T>(items: T[]): void {
        for (let i = items.length - 1; i > 0; i--) {
            const j = this.below(i + 1);
            [items[i], items[j]] = [items[j]!, items[i]!];
        }
    }
}
