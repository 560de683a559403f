using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Functions;

/// <summary>Kinds of argument a parameter takes; <see cref="Missing"/> is an argument that evaluated to nothing.</summary>
[Flags]
internal enum ArgumentKinds
{
    None = 0,
    Boolean = 1,
    Number = 2,
    String = 4,
    Null = 8,
    Array = 16,
    Object = 32,
    Function = 64,
    Missing = 128,

    /// <summary>What <c>j</c> means: JSON, that is anything but a function.</summary>
    Json = Boolean | Number | String | Null | Array | Object | Missing,
    Any = Json | Function,
}

/// <param name="Kinds">What it takes.</param>
/// <param name="IsArray">An argument that is no array becomes one (type <c>a</c>).</param>
/// <param name="ItemType">What the items of the array must be, e.g. <c>s</c>; null when it does not matter.</param>
/// <param name="IsOptional">May be left out.</param>
/// <param name="UsesContext">Takes the context value when left out.</param>
/// <param name="IsRepeated">Takes one or more arguments.</param>
internal sealed record Parameter(
    ArgumentKinds Kinds, bool IsArray, string? ItemType, bool IsOptional, bool UsesContext, bool IsRepeated);

/// <summary>
/// The declared parameters of a function, written as in <c>&lt;s-nn?:s&gt;</c>: checks the arguments of a call, turns single
/// values into arrays where an array is taken, and fills in the context value.
/// </summary>
internal sealed class Signature
{
    private readonly Parameter[] _parameters;
    private readonly bool _isSimple;

    private Signature(Parameter[] parameters)
    {
        _parameters = parameters;
        _isSimple = !parameters.Any(parameter => parameter.IsRepeated);
    }

    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>Parses the text between and with the angle brackets.</summary>
    public static Signature Parse(string text, int position)
    {
        var parameters = new List<Parameter>();
        var i = text.StartsWith('<') ? 1 : 0;
        for (; i < text.Length && text[i] is not (':' or '>'); i++)
        {
            switch (text[i])
            {
                case '-' or '?' or '+' when parameters.Count > 0:
                    var last = parameters[^1];
                    parameters[^1] = text[i] switch
                    {
                        '-' => last with { UsesContext = true, IsOptional = true },
                        '?' => last with { IsOptional = true },
                        _ => last with { IsRepeated = true },
                    };
                    break;
                case '<' when parameters.Count > 0:
                    var close = Close(text, i, '<', '>', position);
                    parameters[^1] = (parameters[^1].Kinds, parameters[^1].IsArray) switch
                    {
                        (_, true) => parameters[^1] with { ItemType = text[(i + 1)..close] },
                        (ArgumentKinds.Function, _) => parameters[^1],
                        _ => throw Errors.At(position, "S0401", text[i..]),
                    };
                    i = close;
                    break;
                case '(':
                    var end = Close(text, i, '(', ')', position);
                    parameters.Add(Choice(text[(i + 1)..end], position));
                    i = end;
                    break;
                default:
                    parameters.Add(Simple(text[i])
                        ?? throw Errors.At(position, "S0403", text[i..]));
                    break;
            }
        }

        return new Signature([.. parameters]);
    }

    private static int Close(string text, int open, char opening, char closing, int position)
    {
        var depth = 0;
        for (var i = open; i < text.Length; i++)
        {
            depth += text[i] == opening ? 1 : text[i] == closing ? -1 : 0;
            if (depth == 0)
            {
                return i;
            }
        }

        throw Errors.At(position, "S0403", text[open..]);
    }

    private static Parameter? Simple(char type)
    {
        var kinds = KindsOf(type);
        return kinds == ArgumentKinds.None
            ? null
            : new Parameter(
                type == 'f' ? kinds : kinds | ArgumentKinds.Missing, type == 'a', null, false, false, false);
    }

    private static ArgumentKinds KindsOf(char type) => type switch
    {
        'b' => ArgumentKinds.Boolean,
        'n' => ArgumentKinds.Number,
        's' => ArgumentKinds.String,
        'l' => ArgumentKinds.Null,
        'o' => ArgumentKinds.Object,
        'f' => ArgumentKinds.Function,
        'a' => ArgumentKinds.Any,
        'j' => ArgumentKinds.Json,
        'x' => ArgumentKinds.Any,
        'u' => ArgumentKinds.Boolean | ArgumentKinds.Number | ArgumentKinds.String | ArgumentKinds.Null,
        _ => ArgumentKinds.None,
    };

    private static Parameter Choice(string types, int position)
    {
        if (types.Contains('<', StringComparison.Ordinal))
        {
            throw Errors.At(position, "S0402", types);
        }

        var kinds = ArgumentKinds.Missing;
        foreach (var type in types)
        {
            // In a choice an array is an array: nothing is wrapped.
            kinds |= type == 'a' ? ArgumentKinds.Array : KindsOf(type);
        }

        return new Parameter(kinds, false, null, false, false, false);
    }

    public static ArgumentKinds KindOf(in JsonataValue value) => value.Kind switch
    {
        JsonataKind.Undefined => ArgumentKinds.Missing,
        JsonataKind.Null => ArgumentKinds.Null,
        JsonataKind.Boolean => ArgumentKinds.Boolean,
        JsonataKind.Number => ArgumentKinds.Number,
        JsonataKind.String => ArgumentKinds.String,
        JsonataKind.Array => ArgumentKinds.Array,
        JsonataKind.Object => ArgumentKinds.Object,
        JsonataKind.Function => ArgumentKinds.Function,
    };

    /// <summary>
    /// The arguments as the function takes them: as many as there are parameters, missing ones undefined; a repeated
    /// parameter has all of its arguments.
    /// </summary>
    /// <param name="arguments">As written.</param>
    /// <param name="context">The context value of the call.</param>
    /// <param name="bound">Room for the result when there is no repeated parameter; else an array is allocated.</param>
    public ReadOnlySpan<JsonataValue> Bind(
        ReadOnlySpan<JsonataValue> arguments, in JsonataValue context, Span<JsonataValue> bound)
    {
        // counts[i]: how many arguments parameter i takes.
        Span<int> counts = stackalloc int[_parameters.Length];
        if (!Match(arguments, 0, 0, counts))
        {
            throw Errors.Of("T0410", value: $"{FirstMismatch(arguments) + 1}");
        }

        var total = _isSimple ? _parameters.Length : counts.ToArray().Sum(count => Math.Max(1, count));
        var result = total <= bound.Length ? bound[..total] : new JsonataValue[total];
        var used = 0;
        var filled = 0;
        for (var i = 0; i < _parameters.Length; i++)
        {
            var parameter = _parameters[i];
            if (counts[i] == 0)
            {
                // The reference gives an optional parameter that was passed over the argument meant for the next one.
                result[filled++] = parameter.UsesContext ? Context(parameter, context, used)
                    : used < arguments.Length ? arguments[used++] : default;
                continue;
            }

            for (var n = 0; n < counts[i] && used < arguments.Length; n++, used++)
            {
                result[filled++] = parameter.IsArray ? ToArray(parameter, arguments[used], used) : arguments[used];
            }
        }

        result[filled..].Clear();
        return result;
    }

    private bool Match(ReadOnlySpan<JsonataValue> arguments, int parameter, int argument, Span<int> counts)
    {
        if (parameter == _parameters.Length)
        {
            return argument == arguments.Length;
        }

        var declared = _parameters[parameter];
        var most = 0;
        var available = declared.IsRepeated ? arguments.Length - argument : Math.Min(1, arguments.Length - argument);
        while (most < available && (KindOf(arguments[argument + most]) & declared.Kinds) != 0)
        {
            most++;
        }

        for (var count = most; count >= (declared.IsOptional ? 0 : 1); count--)
        {
            counts[parameter] = count;
            if (Match(arguments, parameter + 1, argument + count, counts))
            {
                return true;
            }
        }

        return false;
    }

    private int FirstMismatch(ReadOnlySpan<JsonataValue> arguments)
    {
        var argument = 0;
        foreach (var parameter in _parameters)
        {
            if (argument < arguments.Length && (KindOf(arguments[argument]) & parameter.Kinds) != 0)
            {
                argument++;
            }
            else if (!parameter.IsOptional)
            {
                break;
            }
        }

        return argument;
    }

    private static JsonataValue Context(Parameter parameter, in JsonataValue context, int argument)
    {
        var value = Evaluation.Sequence.Unwrap(context);
        return (KindOf(value) & parameter.Kinds) != 0
            ? value
            : throw Errors.Of("T0411", value: $"{argument + 1}");
    }

    private static JsonataValue ToArray(Parameter parameter, in JsonataValue argument, int index)
    {
        if (argument.IsUndefined)
        {
            return default;
        }

        if (!argument.IsArray)
        {
            return parameter.ItemType is null || (KindOf(argument) & KindsOf(parameter.ItemType[0])) != 0
                ? Evaluation.Sequence.One(argument, ListTraits.None)
                : throw Errors.Of("T0412", value: $"{index + 1}", value2: NameOf(parameter.ItemType));
        }

        if (parameter.ItemType is not null)
        {
            var wanted = KindsOf(parameter.ItemType[0]);
            foreach (var item in argument.Items())
            {
                if ((KindOf(item) & wanted) == 0)
                {
                    throw Errors.Of("T0412", value: $"{index + 1}", value2: NameOf(parameter.ItemType));
                }
            }
        }

        return argument;
    }

    private static string NameOf(string itemType) => itemType[0] switch
    {
        's' => "strings",
        'n' => "numbers",
        'b' => "booleans",
        'o' => "objects",
        'a' => "arrays",
        'f' => "functions",
        _ => itemType,
    };
}
