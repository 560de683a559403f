using System.Collections.Frozen;
using System.Text.Json;
using Workflows.Engine.Definitions;

namespace Workflows.Engine.Sql;

/// <summary>
/// One statement as its author wrote it, and where its values go: <c>@name</c> or <c>$1</c>. PostgreSQL has an operator
/// <c>@</c> of its own (the absolute value), so that a name left without a value would change what the statement means,
/// up to <c>delete ... where id = @id</c> for all rows: <see cref="FindMissing"/> is asked before anything is sent.
/// </summary>
public sealed class SqlStatement
{
    private readonly bool _hasCertainNames;

    private SqlStatement(string text)
    {
        Text = text;
        var scanner = new SqlScanner(text);
        Places = scanner.Scan();
        IsOne = !scanner.HasMore;
        _hasCertainNames = Places.Any(place => place is { Name: not null, IsCertain: true });
        Positions = Places.Where(place => place.Name is null).Select(place => place.Number).DefaultIfEmpty().Max();
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>False when another statement follows the first.</summary>
    public bool IsOne { get; }

    /// <summary>From the left; those that are not certain count when a value is given.</summary>
    public IReadOnlyList<SqlPlace> Places { get; }

    /// <summary>The highest <c>$n</c>; 0 when there is none.</summary>
    public int Positions { get; }

    /// <summary>Reads a text of any length, also one that is no SQL: what is wrong with it the server says.</summary>
    public static SqlStatement Read(string text) => new(text);

    /// <summary>The given name that a place means; null when it is none, or is no place then.</summary>
    public string? Resolve(in SqlPlace place, SqlNames given) =>
        place.Name is not { } name || (!place.IsCertain && Text[place.Start] == ':' && _hasCertainNames)
            ? null // with @name in the statement, a colon is the one of SQL
            : given.Find(name);

    /// <summary>What the statement wants and the values do not have.</summary>
    /// <param name="values">An object for names, a list for positions; undefined or null = no values.</param>
    public IEnumerable<SqlProblem> FindMissing(JsonElement values) => values.ValueKind switch
    {
        JsonValueKind.Object => MissingOf(NamesOf(values)),
        JsonValueKind.Array => MissingOf(values.GetArrayLength()),
        JsonValueKind.Undefined or JsonValueKind.Null => MissingOf(new SqlNames([])),
        _ => [new SqlProblem(
            null,
            "The values of a statement are an object or a list.",
            "Give an object for @name, a list for $1, $2.")],
    };

    /// <summary>The values that the statement has no place for.</summary>
    public IEnumerable<SqlProblem> FindSuperfluous(JsonElement values)
    {
        if (values.ValueKind != JsonValueKind.Object)
        {
            yield break; // a list that is too long is an error of its own
        }

        var given = NamesOf(values);
        var used = Places.Select(place => Resolve(place, given)).ToFrozenSet();
        var open = Places.Where(place => place is { Name: not null, IsCertain: true } && Resolve(place, given) is null)
            .Select(place => place.Name!).Distinct().ToArray();
        foreach (var name in given.Given.Where(name => !used.Contains(name)))
        {
            yield return new SqlProblem(
                name,
                $"The statement has no '@{SqlNames.Bare(name)}'.",
                Nearest.Of(SqlNames.Bare(name), open) is { } nearest
                    ? $"Did you mean '{nearest}'?"
                    : "Leave the value out, or use it in the statement.");
        }
    }

    private IEnumerable<SqlProblem> MissingOf(SqlNames given)
    {
        if (Positions > 0)
        {
            yield return given.Given.Count == 0
                ? new SqlProblem(
                    null,
                    $"The statement has ${Positions}, and no values are given.",
                    "Give a list of values as 'parameters'.")
                : new SqlProblem(
                    null,
                    $"The statement has ${Positions}, and its values are an object.",
                    "Write @name in the statement, or give a list.");
        }

        var told = new HashSet<string>(StringComparer.Ordinal);
        foreach (var place in Places)
        {
            if (place is { Name: { } name, IsCertain: true } && Resolve(place, given) is null && told.Add(name))
            {
                yield return new SqlProblem(
                    null,
                    $"The statement has '@{name}', and no value of that name is given.",
                    Nearest.Of(name, given.Given) is { } nearest
                        ? $"Did you mean '{nearest}'?"
                        : $"Give '{name}' under 'parameters'; for the operator @ write a space after it.");
            }
        }
    }

    private IEnumerable<SqlProblem> MissingOf(int count)
    {
        if (_hasCertainNames)
        {
            var name = Places.First(place => place is { Name: not null, IsCertain: true }).Name;
            yield return new SqlProblem(
                null,
                $"The statement has '@{name}', and its values are a list.",
                "Give an object with that name, or write $1 in the statement.");
        }
        else if (count != Positions)
        {
            yield return new SqlProblem(
                null,
                $"The statement has {(Positions == 0 ? "no places" : $"places up to ${Positions}")} for values, "
                + $"and {count} are given.",
                "Give as many values as there are places.");
        }
    }

    private static SqlNames NamesOf(JsonElement values) =>
        new([.. values.EnumerateObject().Select(member => member.Name)]);
}
