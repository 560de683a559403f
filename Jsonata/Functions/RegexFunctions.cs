using System.Globalization;
using System.Text;
using Workflows.Jsonata.Evaluation;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Functions;

/// <summary>Functions that look for text or for matches of a pattern.</summary>
internal static class RegexFunctions
{
    public static JsonataValue Contains(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined || arguments[1].IsUndefined)
        {
            return default;
        }

        var text = StringFunctions.Text(arguments[0]);
        return JsonataValue.FromBoolean(arguments[1].Reference is FunctionValue matcher
            ? new MatchWalk(matcher, text, call).MoveNext()
            : text.Contains(StringFunctions.Text(arguments[1]), StringComparison.Ordinal));
    }

    public static JsonataValue Match(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined || arguments[1].Reference is not FunctionValue matcher)
        {
            return default;
        }

        var limit = Limit(arguments[2], "D3040");
        var results = new ValueList(ListTraits.Sequence);
        var walk = new MatchWalk(matcher, StringFunctions.Text(arguments[0]), call);
        while (results.Count < limit && walk.MoveNext())
        {
            var found = new ObjectValue(3);
            found.Set("match", JsonataValue.FromString(walk.Current.Text));
            found.Set("index", JsonataValue.FromNumber(walk.Current.Start));
            found.Set("groups", JsonataValue.FromHeap(new ValueList(walk.Current.Groups)));
            call.Context.Add(results, JsonataValue.FromHeap(found));
        }

        return JsonataValue.FromHeap(results);
    }

    private static double Limit(in JsonataValue limit, string error)
    {
        if (!limit.TryGetNumber(out var number))
        {
            return double.PositiveInfinity;
        }

        return number < 0 ? throw Errors.Of(error, value: NumberText.Format(number)) : number;
    }

    public static JsonataValue Split(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined || arguments[1].IsUndefined)
        {
            return default;
        }

        var text = StringFunctions.Text(arguments[0]);
        var limit = Limit(arguments[2], "D3020");
        var parts = new ValueList();
        if (arguments[1].Reference is FunctionValue matcher)
        {
            var start = 0;
            var walk = new MatchWalk(matcher, text, call);
            while (parts.Count < limit && walk.MoveNext())
            {
                AddPart(parts, Slice(text, start, walk.Current.Start), call.Context);
                start = (int)Math.Clamp(walk.Current.End, 0, text.Length);
            }

            if (parts.Count < limit)
            {
                AddPart(parts, text[start..], call.Context);
            }
        }
        else
        {
            SplitAt(
                text, StringFunctions.Text(arguments[1]), arguments[2].IsUndefined
                    ? limit
                    : Unsigned(limit), parts, call.Context);
        }

        return JsonataValue.FromHeap(parts);
    }

    // ECMAScript's ToUint32, which the limit of String.split goes through.
    private static double Unsigned(double limit) => double.IsFinite(limit) ? Math.Floor(limit) % 4_294_967_296 : 0;

    private static void AddPart(ValueList parts, string part, EvaluationContext context)
    {
        context.Build((long)part.Length * sizeof(char));
        context.Add(parts, JsonataValue.FromString(part));
    }

    private static string Slice(string text, int start, double end) =>
        text[start..(int)Math.Clamp(end, start, text.Length)];

    private static void SplitAt(string text, string separator, double limit, ValueList parts, EvaluationContext context)
    {
        if (separator.Length == 0)
        {
            for (var i = 0; i < text.Length && parts.Count < limit; i++)
            {
                context.Step();
                AddPart(parts, text[i].ToString(), context);
            }

            return;
        }

        var start = 0;
        while (parts.Count < limit)
        {
            context.Step();
            var at = text.IndexOf(separator, start, StringComparison.Ordinal);
            AddPart(parts, at < 0 ? text[start..] : text[start..at], context);
            if (at < 0)
            {
                return;
            }

            start = at + separator.Length;
        }
    }

    public static JsonataValue Replace(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined || arguments[1].IsUndefined || arguments[2].IsUndefined)
        {
            return default;
        }

        var text = StringFunctions.Text(arguments[0]);
        if (arguments[1].TryGetString(out var searched) && searched!.Length == 0)
        {
            throw Errors.Of("D3010");
        }

        var limit = Limit(arguments[3], "D3011");
        return JsonataValue.FromString(arguments[1].Reference is FunctionValue matcher
            ? ReplaceMatches(text, matcher, arguments[2], limit, call)
            : ReplaceText(text, searched!, arguments[2], limit, call.Context));
    }

    private static string ReplaceText(
        string text, string searched, in JsonataValue replacement, double limit, EvaluationContext context)
    {
        if (!replacement.TryGetString(out var inserted))
        {
            throw Errors.Of("D3012");
        }

        var result = new StringBuilder();
        var start = 0;
        for (var count = 0; count < limit; count++)
        {
            context.Step();
            var at = text.IndexOf(searched, start, StringComparison.Ordinal);
            if (at < 0)
            {
                break;
            }

            result.Append(text, start, at - start).Append(inserted);
            context.CheckString(result.Length);
            start = at + searched.Length;
        }

        return result.Append(text, start, text.Length - start).ToString();
    }

    private static string ReplaceMatches(string text, FunctionValue matcher, in JsonataValue replacement, double limit, in Call call)
    {
        var result = new StringBuilder();
        var start = 0;
        var count = 0;
        var walk = new MatchWalk(matcher, text, call);
        while (count++ < limit && walk.MoveNext())
        {
            var match = walk.Current;
            result.Append(Slice(text, start, match.Start));
            if (replacement.Reference is FunctionValue function)
            {
                result.Append(Computed(function, match, call));
            }
            else
            {
                AppendSubstituted(result, StringFunctions.Text(replacement), match);
            }

            call.Context.CheckString(result.Length);
            start = (int)Math.Clamp(match.End, start, text.Length);
        }

        return result.Append(text, start, text.Length - start).ToString();
    }

    private static string Computed(FunctionValue function, in Match match, in Call call)
    {
        var described = new ObjectValue(4);
        described.Set("match", JsonataValue.FromString(match.Text));
        described.Set("start", JsonataValue.FromNumber(match.Start));
        described.Set("end", JsonataValue.FromNumber(match.End));
        described.Set("groups", JsonataValue.FromHeap(new ValueList(match.Groups)));
        return function.Invoke([JsonataValue.FromHeap(described)], call.Input, call.Frame).TryGetString(out var text)
            ? text!
            : throw Errors.Of("D3012");
    }

    /// <summary>$0 is the match, $1 ... its groups, $$ a dollar sign; other dollar signs stand for themselves.</summary>
    private static void AppendSubstituted(StringBuilder result, string replacement, in Match match)
    {
        var groups = match.Groups;

        // As many digits are read as the number of groups has.
        var maxDigits = groups.Length == 0 ? 1 : (int)Math.Floor(Math.Log10(groups.Length)) + 1;
        for (var i = 0; i < replacement.Length; i++)
        {
            if (replacement[i] != '$' || i + 1 >= replacement.Length)
            {
                result.Append(replacement[i]);
                continue;
            }

            var next = replacement[i + 1];
            if (next is '$' or '0')
            {
                result.Append(next == '$' ? "$" : match.Text);
                i++;
            }
            else if (char.IsAsciiDigit(next))
            {
                i += AppendGroup(result, replacement, i + 1, maxDigits, groups);
            }
            else
            {
                result.Append('$');
            }
        }
    }

    private static int AppendGroup(StringBuilder result, string replacement, int start, int maxDigits, JsonataValue[] groups)
    {
        var digits = 1;
        while (digits < maxDigits && start + digits < replacement.Length && char.IsAsciiDigit(replacement[start + digits]))
        {
            digits++;
        }

        var index = int.Parse(replacement.AsSpan(start, digits), NumberStyles.None, CultureInfo.InvariantCulture);
        if (digits > 1 && index > groups.Length)
        {
            index = int.Parse(replacement.AsSpan(start, --digits), NumberStyles.None, CultureInfo.InvariantCulture);
        }

        if (index >= 1 && index <= groups.Length && groups[index - 1].TryGetString(out var text))
        {
            result.Append(text);
        }

        return digits;
    }
}
