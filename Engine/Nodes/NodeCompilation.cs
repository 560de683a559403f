using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Jsonata;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Nodes;

/// <summary>Expressions met while compiling, to be checked against the graph once all nodes are known.</summary>
/// <param name="Node">The ordinal of the node that evaluates them; -1 = none (output, trigger, concurrency key).</param>
/// <param name="MaySeeSecrets">They stand in a parameter that is marked secret.</param>
internal readonly record struct ExpressionUse(
    string Pointer, int Node, ExpressionScope Scope, IReadOnlyList<JsonataReference> References, bool MaySeeSecrets)
{
    public bool Reads(string name) => Reads(References, name);

    public static bool Reads(IReadOnlyList<JsonataReference> references, string name)
    {
        foreach (var reference in references)
        {
            if (reference.Path.Count > 0 && reference.Path[0] == name)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>One node on its way to a <see cref="NodeAction"/>.</summary>
internal sealed class NodeCompilation(
    NodeDefinition definition, int ordinal, string pointer, ProblemList problems, ExpressionCompiler expressions)
{
    public NodeDefinition Definition => definition;

    public int Ordinal => ordinal;

    /// <summary>JSON pointer of the node's <c>parameters</c>.</summary>
    public string ParametersPointer { get; } = ProblemList.Append(pointer, "parameters");

    public ProblemList Problems => problems;

    public JsonElement Parameters => definition.Parameters;

    /// <summary>The templates and expressions of this node that read secrets; all others are evaluated without them in sight.</summary>
    public List<object> SecretReaders { get; } = [];

    /// <param name="maySeeSecrets">The parameter is marked secret.</param>
    /// <param name="perItem">It is evaluated for each item of a list, with <c>item</c> and <c>index</c> in scope.</param>
    public JsonataExpression? CompileExpression(string source, string at, bool maySeeSecrets = false, bool perItem = false)
    {
        var scope = perItem ? ExpressionScope.Item : ExpressionScope.Node;
        var expression = expressions.Expression(source, at, ordinal, scope, maySeeSecrets);
        NoteSecrets(expression, expression?.References, maySeeSecrets);
        return expression;
    }

    /// <param name="maySeeSecrets">The parameter is marked secret.</param>
    public JsonTemplate? CompileTemplate(JsonElement template, string at, bool maySeeSecrets = false)
    {
        var compiled = expressions.Template(template, at, ordinal, ExpressionScope.Node, maySeeSecrets);
        NoteSecrets(compiled, compiled?.References, maySeeSecrets);
        return compiled;
    }

    private void NoteSecrets(object? reader, IReadOnlyList<JsonataReference>? references, bool maySeeSecrets)
    {
        if (maySeeSecrets && reader is not null && ExpressionUse.Reads(references!, ScopeNames.Secrets))
        {
            SecretReaders.Add(reader);
        }
    }

    /// <summary>The JSON Schema in a parameter; null when it has problems, which are then reported.</summary>
    public InputSchema? ReadSchema(JsonElement json, string parameter)
    {
        var before = problems.Problems.Count;
        var schema = InputSchemaReader.Read(json, ProblemList.Append(ParametersPointer, parameter), problems);
        return problems.Problems.Count == before ? schema : null;
    }

    /// <summary>
    /// Reports something wrong with one parameter beyond its type; returns null for the convenience of the caller.
    /// </summary>
    public NodeAction? Reject(string parameter, string code, string message, string hint)
    {
        problems.Add(
            parameter.Length == 0 ? ParametersPointer : ProblemList.Append(ParametersPointer, parameter), code, message, hint);
        return null;
    }

    /// <summary>
    /// Reports what a new definition must not have, at a place below <c>parameters</c>; see
    /// <see cref="ProblemList.Object"/>.
    /// </summary>
    public void Object(string code, string message, string hint, params ReadOnlySpan<string> path)
    {
        var pointer = ParametersPointer;
        foreach (var name in path)
        {
            pointer = ProblemList.Append(pointer, name);
        }

        problems.Object(pointer, code, message, hint);
    }

    /// <summary>Of several alternatives exactly one (or at most one) must be given.</summary>
    public bool RequireOne(bool atLeastOne, params ReadOnlySpan<(string Name, bool Given)> alternatives)
    {
        var given = new List<string>();
        var names = new List<string>();
        foreach (var (name, isGiven) in alternatives)
        {
            names.Add(name);
            if (isGiven)
            {
                given.Add(name);
            }
        }

        if (given.Count == 1 || (given.Count == 0 && !atLeastOne))
        {
            return true;
        }

        var list = string.Join(", ", names);
        Reject(
            given.Count == 0 ? "" : given[1],
            ParameterConflict,
            given.Count == 0 ? $"None of {list} is given." : $"{string.Join(" and ", given)} exclude each other.",
            $"Give {(atLeastOne ? "exactly" : "at most")} one of {list}.");
        return false;
    }
}
