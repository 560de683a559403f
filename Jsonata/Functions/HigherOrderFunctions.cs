using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Functions;

internal static class HigherOrderFunctions
{
    /// <summary>The function an argument is; signatures let arguments through that evaluated to nothing.</summary>
    public static FunctionValue Callback(in JsonataValue argument) =>
        argument.Reference as FunctionValue ?? throw Errors.Of("T0410", value: "2");

    /// <summary>Passes a function as many of the three arguments as it takes.</summary>
    public static JsonataValue Invoke(
        FunctionValue function, in JsonataValue first, in JsonataValue second, in JsonataValue third, in Call call)
    {
        call.Context.Step();
        var room = default(Arguments);
        room[0] = first;
        room[1] = second;
        room[2] = third;
        Span<JsonataValue> arguments = room;
        return function.Invoke(arguments[..Math.Clamp(function.Arity, 1, 3)], call.Input, call.Frame);
    }

    public static JsonataValue Map(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var results = new ValueList(ListTraits.Sequence);
        var function = Callback(arguments[1]);
        var index = 0;
        foreach (var item in arguments[0].Items())
        {
            var result = Invoke(function, item, JsonataValue.FromNumber(index++), arguments[0], call);
            if (!result.IsUndefined)
            {
                call.Context.Add(results, result);
            }
        }

        return JsonataValue.FromHeap(results);
    }

    public static JsonataValue Filter(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var results = new ValueList(ListTraits.Sequence);
        var function = Callback(arguments[1]);
        var index = 0;
        foreach (var item in arguments[0].Items())
        {
            if (Invoke(function, item, JsonataValue.FromNumber(index++), arguments[0], call).ToBoolean())
            {
                call.Context.Add(results, item);
            }
        }

        return JsonataValue.FromHeap(results);
    }

    public static JsonataValue Single(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var found = default(JsonataValue);
        var count = 0;
        var index = 0;
        foreach (var item in arguments[0].Items())
        {
            var matches = arguments[1].Reference is not FunctionValue function
                || Invoke(function, item, JsonataValue.FromNumber(index++), arguments[0], call).ToBoolean();
            if (!matches)
            {
                continue;
            }

            if (++count > 1)
            {
                throw Errors.Of("D3138");
            }

            found = item;
        }

        return count == 1 ? found : throw Errors.Of("D3139");
    }

    public static JsonataValue Reduce(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var function = Callback(arguments[1]);
        if (function.Arity < 2)
        {
            throw Errors.Of("D3050");
        }

        var result = arguments[2];
        var hasResult = !result.IsUndefined;
        var index = 0;
        foreach (var item in arguments[0].Items())
        {
            if (!hasResult)
            {
                result = item;
                hasResult = true;
            }
            else
            {
                call.Context.Step();
                JsonataValue[] values = [result, item, JsonataValue.FromNumber(index), arguments[0]];
                result = function.Invoke(values.AsSpan(0, Math.Min(function.Arity, 4)), call.Input, call.Frame);
            }

            index++;
        }

        return result;
    }
}
