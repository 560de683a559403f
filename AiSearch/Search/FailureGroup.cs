using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>Which failures are the same one again: of one workflow, with an error that differs in numbers and ids at
/// most.</summary>
internal static class FailureGroup
{
    /// <param name="workflowId">Whose failure it is.</param>
    /// <param name="title">The failure's title, which has its error.</param>
    /// <returns>Never 0.</returns>
    public static ulong Of(Guid? workflowId, string title)
    {
        var group = (ulong)(workflowId ?? Guid.Empty).GetHashCode() + 1;
        Analyzer.ReadWords(title, (word, _, _) =>
        {
            if (!word.ContainsAnyInRange('0', '9'))
            {
                group = TermVector.Mix((group * 31) + TermVector.Hash(word));
            }
        });
        return Math.Max(1, group);
    }
}
