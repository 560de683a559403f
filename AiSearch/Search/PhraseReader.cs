using Workflows.AiSearch.Storage;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>
/// Which documents have a phrase: the index knows no places of words, so the texts of the chunks that have all of
/// them are read, up to <see cref="Limits.PhraseCandidates"/>, those with the best words first. What is beyond is not
/// found by the phrase.
/// </summary>
internal sealed class PhraseReader(SearchDatabase database)
{
    private const string TextsSql = """
        select w.document_id, d.title, c.text
        from unnest($2::uuid[], $3::int[]) as w (document_id, chunk)
        join search.documents d on d.tenant_id = $1 and d.id = w.document_id
        join search.chunks c on c.tenant_id = $1 and c.document_id = w.document_id and c.number = w.chunk
        """;

    public async Task<IReadOnlyDictionary<KnownAtom, HashSet<Guid>>> ReadAsync(
        Guid tenantId, Corpus corpus, KnownQuery query, SearchFilter filter, CancellationToken cancellationToken)
    {
        var having = new Dictionary<KnownAtom, HashSet<Guid>>(ReferenceEqualityComparer.Instance);
        foreach (var phrase in query.Phrases)
        {
            var candidates = corpus.PhraseCandidates(phrase, filter, Limits.PhraseCandidates);
            having[phrase] = candidates.Count == 0 ? []
                : await ReadAsync(tenantId, phrase.Phrase, candidates, cancellationToken);
        }

        return having;
    }

    private async Task<HashSet<Guid>> ReadAsync(
        Guid tenantId, IReadOnlyList<string> phrase, IReadOnlyList<(Guid DocumentId, int Chunk)> candidates,
            CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(
            TextsSql, tenantId, candidates.Select(chunk => chunk.DocumentId).ToArray(),
                candidates.Select(chunk => chunk.Chunk).ToArray());
        await using var reader = await batch.ReadAsync(cancellationToken);
        var having = new HashSet<Guid>();
        while (await reader.ReadAsync(cancellationToken))
        {
            if (Has(reader.GetString(1), phrase) || Has(reader.GetString(2), phrase))
            {
                having.Add(reader.GetGuid(0));
            }
        }

        return having;
    }

    /// <summary>Whether the words stand in the text one after the other, whatever stands between them that is no
    /// word.</summary>
    internal static bool Has(string text, IReadOnlyList<string> phrase)
    {
        var words = new List<string>();
        Analyzer.ReadWords(text, (word, _, _) => words.Add(word.ToString()));
        for (var start = 0; start + phrase.Count <= words.Count; start++)
        {
            var matching = 0;
            while (matching < phrase.Count && words[start + matching] == phrase[matching])
            {
                matching++;
            }

            if (matching == phrase.Count)
            {
                return true;
            }
        }

        return false;
    }
}
