using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Workflows.Api.Http;

namespace Workflows.Api.Reference;

/// <summary>
/// The error codes that a method names, itself or in what it calls within this assembly. They are read from the
/// compiled code, since a list kept by hand beside each of some hundred routes would be wrong soon.
/// </summary>
internal static class NamedErrors
{
    private const byte LongOpCode = 0xFE;

    private static readonly Module Own = typeof(Errors).Module;

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value);

    private static readonly ConcurrentDictionary<int, Mentions> Known = new();

    public static IReadOnlySet<ErrorCode> Of(IEnumerable<MethodBase> methods)
    {
        var codes = new HashSet<ErrorCode>();
        var seen = new HashSet<int>();
        var open = new Stack<int>(methods.Where(IsOwn).Select(method => method.MetadataToken));
        while (open.TryPop(out var token))
        {
            if (!seen.Add(token))
            {
                continue;
            }

            var mentions = Known.GetOrAdd(token, Read);
            codes.UnionWith(mentions.Codes);
            foreach (var called in mentions.Methods)
            {
                open.Push(called);
            }
        }

        return codes;
    }

    private static bool IsOwn(MethodBase method) => method.Module == Own;

    private static Mentions Read(int token)
    {
        var method = Own.ResolveMethod(token)!;
        var mentions = new Mentions([], []);
        if (method.GetCustomAttribute<StateMachineAttribute>() is { } machine)
        {
            var next = machine.StateMachineType.GetMethod(
                "MoveNext", BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)!;
            mentions.Methods.Add(next.MetadataToken);
        }

        if (method.GetMethodBody()?.GetILAsByteArray() is { } body)
        {
            Read(body, method, mentions);
        }

        return mentions;
    }

    private static void Read(ReadOnlySpan<byte> body, MethodBase method, Mentions mentions)
    {
        while (!body.IsEmpty)
        {
            var isLong = body[0] == LongOpCode;
            var code = OpCodesByValue[isLong ? (short)((LongOpCode << 8) | body[1]) : body[0]];
            body = body[(isLong ? 2 : 1)..];
            if (code.OperandType is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineTok)
            {
                Note(BitConverter.ToInt32(body), method, mentions);
            }

            body = body[SizeOfOperand(code, body)..];
        }
    }

    private static void Note(int token, MethodBase method, Mentions mentions)
    {
        var ofType = method.DeclaringType?.GetGenericArguments();
        var ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        switch (Own.ResolveMember(token, ofType, ofMethod))
        {
            case FieldInfo { IsStatic: true } field when field.DeclaringType == typeof(Errors):
                if (field.GetValue(null) is ErrorCode code)
                {
                    mentions.Codes.Add(code);
                }

                break;
            case MethodBase called when IsOwn(called):
                mentions.Methods.Add(called.MetadataToken);
                break;
        }
    }

    private static int SizeOfOperand(OpCode code, ReadOnlySpan<byte> operand) => code.OperandType switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(operand)),
        _ => 4,
    };

    private sealed record Mentions(HashSet<ErrorCode> Codes, HashSet<int> Methods);
}
