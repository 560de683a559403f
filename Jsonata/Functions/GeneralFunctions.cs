using Workflows.Jsonata.Evaluation;

namespace Workflows.Jsonata.Functions;

/// <summary>Functions over values of any kind, and those that end or start an evaluation.</summary>
internal static class GeneralFunctions
{
    public static JsonataValue Boolean(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        arguments[0].IsUndefined ? default : JsonataValue.FromBoolean(arguments[0].ToBoolean());

    public static JsonataValue Not(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        arguments[0].IsUndefined ? default : JsonataValue.FromBoolean(!arguments[0].ToBoolean());

    public static JsonataValue Exists(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        JsonataValue.FromBoolean(!arguments[0].IsUndefined);

    public static JsonataValue Type(ReadOnlySpan<JsonataValue> arguments, in Call call) => arguments[0].Kind switch
    {
        JsonataKind.Undefined => default,
        JsonataKind.Null => JsonataValue.FromString("null"),
        JsonataKind.Boolean => JsonataValue.FromString("boolean"),
        JsonataKind.Number => Operand.TryNumber(arguments[0], out _)
            ? JsonataValue.FromString("number")
            : JsonataValue.FromString("object"),
        JsonataKind.String => JsonataValue.FromString("string"),
        JsonataKind.Array => JsonataValue.FromString("array"),
        JsonataKind.Object => JsonataValue.FromString("object"),
        JsonataKind.Function => JsonataValue.FromString("function"),
    };

    public static JsonataValue Error(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        throw Errors.Of("D3137", value: arguments[0].TryGetString(out var text) ? text : "$error() function evaluated");

    public static JsonataValue Assert(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].ToBoolean())
        {
            return default;
        }

        throw Errors.Of("D3141", value: arguments[1].TryGetString(out var text) ? text : "$assert() statement failed");
    }

    public static JsonataValue Eval(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (!arguments[0].TryGetString(out var source))
        {
            return default;
        }

        var context = call.Context;
        context.Enter();
        Node program;
        try
        {
            program = context.Program(source!, call.Frame.Scope);
        }
        catch (JsonataException exception)
        {
            throw new JsonataException(Errors.Describe(0, "D3120", null, exception.Error.Message), exception);
        }

        try
        {
            // An array given as the context is one value, not a sequence of contexts.
            var input = arguments[1].IsUndefined ? call.Input : arguments[1];
            input = input.IsArray && !input.IsSequence ? OuterWrapped(input) : input;
            var result = program.Evaluate(input, call.Frame);
            context.Leave();
            return result;
        }
        catch (JsonataException exception) when (exception.Error.Code[0] != 'U' && exception.Error.Code != "D3121")
        {
            throw new JsonataException(Errors.Describe(0, "D3121", null, exception.Error.Message), exception);
        }
    }

    private static JsonataValue OuterWrapped(in JsonataValue input) =>
        Sequence.One(input, Values.ListTraits.Sequence | Values.ListTraits.OuterWrapper);
}
