namespace Workflows.Engine.Executions;

/// <summary>
/// $random() of an expression: splitmix64 from a seed that belongs to the step, so that replaying the step repeats it.
/// </summary>
internal sealed class StepRandom : Random
{
    private ulong _state;

    public void Reset(ulong seed) => _state = seed;

    public override double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    public override int Next() => (int)(NextBits() >> 33);

    public override int Next(int maxValue) => Next(0, maxValue);

    public override int Next(int minValue, int maxValue) =>
        (int)(minValue + (long)(NextDouble() * ((long)maxValue - minValue)));

    protected override double Sample() => NextDouble();

    private ulong NextBits()
    {
        _state += 0x9E3779B97F4A7C15;
        var bits = _state;
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        return bits ^ (bits >> 31);
    }
}
