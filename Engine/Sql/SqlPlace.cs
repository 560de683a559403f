namespace Workflows.Engine.Sql;

/// <summary>A place of a statement where a value goes.</summary>
/// <param name="Start">Of the place with its sign, in UTF-16 units of the statement.</param>
/// <param name="Length">With its sign.</param>
/// <param name="Name">The name without its sign; null where <paramref name="Number"/> says which value.</param>
/// <param name="Number">From 1, as in <c>$1</c>; 0 where there is a name.</param>
/// <param name="IsCertain">
/// False where SQL has another meaning for the same text (<c>a @@b</c>, <c>list[1:n]</c>): it is a place only when a
/// value of that name is given.
/// </param>
public readonly record struct SqlPlace(int Start, int Length, string? Name, int Number, bool IsCertain);
