using System.Text.RegularExpressions;
using Workflows.Jsonata.Evaluation;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Functions;

/// <param name="Text">What matched.</param>
/// <param name="Start">Its offset.</param>
/// <param name="End">The offset after it.</param>
/// <param name="Groups">What the groups matched, undefined for those that took no part.</param>
internal readonly record struct Match(string Text, double Start, double End, JsonataValue[] Groups);

/// <summary>
/// A regular expression is a function that takes a string and yields its first match with a function for the next one;
/// authors may write such matchers themselves.
/// </summary>
internal sealed class RegexFunction(Regex regex) : FunctionValue
{
    // The limit of an evaluation that has another than the default; the last one is kept.
    private Regex? _limited;

    public override int Arity => 2;

    public override JsonataValue Invoke(ReadOnlySpan<JsonataValue> arguments, in JsonataValue input, Frame caller)
    {
        if (arguments.Length == 0 || !arguments[0].TryGetString(out var text))
        {
            return default;
        }

        var from = arguments.Length > 1 && arguments[1].TryGetNumber(out var start) ? (int)Math.Clamp(start, 0, text!.Length) : 0;
        return Find(text!, from, caller.Context) is { } match ? Describe(match, text!) : default;
    }

    public Match? Find(string text, int from, EvaluationContext context)
    {
        context.Step();
        context.StepForReading(text.Length - from);
        var clock = context.Options.TimeProvider;
        var started = clock.GetTimestamp();
        try
        {
            var match = Within(context.Limits.RegexTimeoutMilliseconds).Match(text, from);
            if (!context.CountMatching(clock.GetElapsedTime(started)))
            {
                throw Errors.Of("U1006", value: "/" + regex + "/");
            }

            return match.Success ? ToMatch(match, context) : null;
        }
        catch (RegexMatchTimeoutException)
        {
            throw Errors.Of("U1006", value: "/" + regex + "/");
        }
        catch (Exception failure) when (failure is IndexOutOfRangeException or ArgumentOutOfRangeException)
        {
            // The backtracking engine of .NET 10 loses its stack, or the length of a match, over some look-arounds
            // within repeated groups.
            throw Errors.Of("U1008", value: "/" + regex + "/");
        }
    }

    private Regex Within(int milliseconds)
    {
        var timeout = TimeSpan.FromMilliseconds(milliseconds);
        if (regex.MatchTimeout == timeout)
        {
            return regex;
        }

        var limited = _limited;
        return limited?.MatchTimeout == timeout ? limited : _limited = new Regex(regex.ToString(), regex.Options, timeout);
    }

    /// <summary>The match after another; the reference refuses matches of nothing here, which would never end.</summary>
    public Match? FindNext(string text, in Match previous, EvaluationContext context)
    {
        if (previous.End >= text.Length)
        {
            return null;
        }

        var next = Find(text, (int)previous.End, context);
        return next is { Text.Length: 0 } ? throw Errors.Of("D1004", value: "/" + regex + "/") : next;
    }

    private static Match ToMatch(System.Text.RegularExpressions.Match match, EvaluationContext context)
    {
        context.BuildItems(match.Groups.Count);
        foreach (var group in match.Groups.Values)
        {
            // Groups within groups hold the same text once more each.
            context.Build((long)group.Length * sizeof(char));
        }

        var groups = new JsonataValue[match.Groups.Count - 1];
        for (var i = 0; i < groups.Length; i++)
        {
            var group = match.Groups[i + 1];
            groups[i] = group.Success ? JsonataValue.FromString(group.Value) : default;
        }

        return new Match(match.Value, match.Index, match.Index + match.Length, groups);
    }

    private JsonataValue Describe(in Match match, string text)
    {
        var result = new ObjectValue(5);
        result.Set("match", JsonataValue.FromString(match.Text));
        result.Set("start", JsonataValue.FromNumber(match.Start));
        result.Set("end", JsonataValue.FromNumber(match.End));
        result.Set("groups", JsonataValue.FromHeap(new ValueList(match.Groups)));
        result.Set("next", JsonataValue.FromHeap(new NextMatchFunction(this, text, match)));
        return JsonataValue.FromHeap(result);
    }

    private sealed class NextMatchFunction(RegexFunction regex, string text, Match previous) : FunctionValue
    {
        public override int Arity => 0;

        public override JsonataValue Invoke(ReadOnlySpan<JsonataValue> arguments, in JsonataValue input, Frame caller) =>
            regex.FindNext(text, previous, caller.Context) is { } next ? regex.Describe(next, text) : default;
    }
}

/// <summary>Walks the matches of a regular expression or of a matcher function.</summary>
internal ref struct MatchWalk(FunctionValue matcher, string text, Call call)
{
    private bool _started;
    private FunctionValue? _next;

    public Match Current { get; private set; }

    public bool MoveNext()
    {
        var found = matcher is RegexFunction regex
            ? (_started ? regex.FindNext(text, Current, call.Context) : regex.Find(text, 0, call.Context))
            : FindByFunction();
        _started = true;
        Current = found ?? default;
        return found is not null;
    }

    private Match? FindByFunction()
    {
        var result = _started
            ? _next!.Invoke([], call.Input, call.Frame)
            : matcher.Invoke([JsonataValue.FromString(text)], call.Input, call.Frame);
        if (!result.ToBoolean())
        {
            return null;
        }

        _next = result.Member("next").Reference as FunctionValue;
        var groups = result.Member("groups");
        var hasStart = result.Member("start").TryGetNumber(out var start);
        var hasEnd = result.Member("end").TryGetNumber(out var end);
        if (!hasStart || !hasEnd || !groups.IsArray || _next is null)
        {
            throw Errors.Of("T1010");
        }

        result.Member("match").TryGetString(out var matched);
        var values = new List<JsonataValue>();
        foreach (var group in groups.Items())
        {
            values.Add(group);
        }

        return new Match(matched ?? "", start, end, [.. values]);
    }
}
