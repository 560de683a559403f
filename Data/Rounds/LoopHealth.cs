using System.Collections.Concurrent;

namespace Workflows.Data.Rounds;

/// <summary>
/// When each loop of a process last came round, for the health page. A loop that only fails, or hangs in a round, does
/// its work for nobody although the process lives. Thread-safe.
/// </summary>
public sealed class LoopHealth(TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, State> _loops = new();

    /// <summary>A round, or a step of a long one, begins; it has to end within <paramref name="longest"/>.</summary>
    public void Began(string name, TimeSpan longest) => Change(
        name,
        (At: clock.GetTimestamp(), longest),
        static (state, round) => state with { BeganAt = round.At, Longest = round.longest });

    /// <summary>A round has come to its end.</summary>
    public void Succeeded(string name) => Change(name, 0, static (_, _) => new State());

    /// <summary>The loop has ended, as it should.</summary>
    public void Ended(string name) => _loops.TryRemove(name, out _);

    /// <summary>A round has failed.</summary>
    public void Failed(string name, string reason) => Change(
        name,
        (At: clock.GetTimestamp(), reason),
        static (state, failure) => new State
        {
            FailingSince = state.FailingSince == 0 ? failure.At : state.FailingSince,
            Reason = failure.reason,
        });

    /// <summary>The loops that have not come round for too long, each with what is known about it.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        foreach (var (name, state) in _loops)
        {
            var (failing, silent) = (clock.GetElapsedTime(state.FailingSince), clock.GetElapsedTime(state.BeganAt));
            if (state.FailingSince != 0 && failing > Limits.LoopFailure)
            {
                problems.Add($"{name} has failed for {failing.TotalSeconds:0} s: {state.Reason}");
            }
            else if (state.BeganAt != 0 && silent > state.Longest)
            {
                problems.Add($"{name} has not come round for {silent.TotalSeconds:0} s.");
            }
        }

        return problems;
    }

    private void Change<T>(string name, T argument, Func<State, T, State> change) => _loops.AddOrUpdate(
        name,
        static (_, work) => work.change(new State(), work.argument),
        static (_, state, work) => work.change(state, work.argument),
        (change, argument));

    private sealed record State
    {
        public long BeganAt { get; init; }

        public TimeSpan Longest { get; init; }

        public long FailingSince { get; init; }

        public string? Reason { get; init; }
    }
}
