using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Search;
using Workflows.AiSearch.Text;
using Workflows.Data.Isolation;
using Workflows.Data.Rounds;

namespace Workflows.AiSearch.Indexing;

/// <summary>
/// What has to be done from time to time, for one tenant after the other, by one process at a time: analyse
/// anew what an older analysis has left, learn a new local model when the corpus has grown, embed the chunks for a
/// model they have no vector of (a new one, or after a provider's outage), then let the new model answer and drop the
/// old vectors, and forget removed documents. Each step is small and may be cut off: the next round goes on. What
/// fails for one tenant holds up no other.
/// </summary>
internal sealed partial class Sweep(
    SweepStore store, SourceReader sources, ArticleReader articles, Indexer indexer, DocumentStore documents,
    ModelStore models,
    EmbeddingProviders providers, Loop loop, LoopHealth health, TimeProvider clock, ILogger<Sweep> logger)
        : BackgroundService
{
    private const string Name = "Sweeping the corpora";

    private readonly Dictionary<Guid, long> _counted = [];
    private readonly RepeatedFailures _failures = new(clock);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => loop.RunAsync(
        Name,
        async token =>
        {
            await RunAsync(token);
            return Limits.SweepInterval;
        },
        stoppingToken,
        Limits.LongestSweepStep,
        Limits.OutagePause);

    /// <summary>One round over all tenants; nothing when another process is at it.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var turn = await store.TryTakeTurnAsync(cancellationToken);
        if (turn is null)
        {
            return;
        }

        foreach (var overview in await store.ListAsync(cancellationToken))
        {
            StepBegins();
            try
            {
                await AnalyseAsync(overview, cancellationToken);
                await TrainAsync(overview, cancellationToken);
                await RenewVectorsAsync(overview, cancellationToken);
                await store.ForgetRemovedAsync(overview.TenantId, cancellationToken);
            }
            catch (Exception exception) when (Batches.MayBeOneTenant(exception)
                && !cancellationToken.IsCancellationRequested)
            {
                Write(exception, $"tenant {overview.TenantId}");
            }
        }
    }

    // A round over large corpora may take hours; only a step that does not end hangs.
    private void StepBegins() => health.Began(Name, Limits.LongestSweepStep);

    private void Write(Exception exception, string what)
    {
        switch (_failures.Note(exception, what))
        {
            case { IsFirst: true }:
                LogFailed(exception, what);
                break;
            case { Count: > 0 and var count }:
                LogRepeated(what, count, exception.Message);
                break;
        }
    }

    /// <summary>What was indexed by an earlier version of the analysis is read and analysed anew.</summary>
    private async Task AnalyseAsync(CorpusOverview overview, CancellationToken cancellationToken)
    {
        if (overview.Analysis >= Analyzer.Version)
        {
            return;
        }

        var after = Guid.Empty;
        while (await store.ListIndexedAsync(overview.TenantId, after, cancellationToken) is { Count: > 0 } documents)
        {
            StepBegins();
            var contents = await sources.ReadAsync(
                overview.TenantId,
                [.. documents.Where(document => document.Type == ContentTypes.Workflow)
                    .Select(document => document.ContentId)],
                [.. documents.Where(document => document.Type == ContentTypes.Execution)
                    .Select(document => document.ContentId)],
                [.. documents.Where(document => document.Type == ContentTypes.PromptCard)
                    .Select(document => document.ContentId)],
                cancellationToken);
            var written = await articles.ReadAsync(
                overview.TenantId,
                [.. documents.Where(document => document.Type == ContentTypes.KnowledgeArticle)
                    .Select(document => document.ContentId)],
                cancellationToken);
            await indexer.IndexAsync(overview.TenantId, [.. contents, .. written], [], cancellationToken);
            after = documents[^1].Id;
        }

        await store.MarkAnalysedAsync(overview.TenantId, Analyzer.Version, cancellationToken);
    }

    private async Task TrainAsync(CorpusOverview overview, CancellationToken cancellationToken)
    {
        if (providers.Configured is not LocalEmbeddings)
        {
            return;
        }

        // Counting a million chunks takes a moment: only after as many changes as might make the difference.
        var changes = overview.Revision - _counted.GetValueOrDefault(overview.TenantId);
        if (changes <= overview.TrainedChunks / 20)
        {
            return;
        }

        _counted[overview.TenantId] = overview.Revision;
        var chunks = await store.CountChunksAsync(overview.TenantId, cancellationToken);
        if (chunks < Limits.TrainingChunksMin || chunks < overview.TrainedChunks * Limits.TrainingGrowth)
        {
            return;
        }

        var started = clock.GetTimestamp();
        var texts = await store.SampleAsync(overview.TenantId, chunks, cancellationToken);
        var model = await Task.Run(() => SemanticTrainer.Train(texts, cancellationToken), cancellationToken);
        if (model is not null)
        {
            await models.SaveAsync(overview.TenantId, LocalEmbeddings.TrainedModel(overview.Revision), model, chunks,
                cancellationToken);
            var duration = clock.GetElapsedTime(started);
            LogTrained(overview.TenantId, texts.Count, model.Vocabulary.Count, duration);
        }
    }

    private async Task RenewVectorsAsync(CorpusOverview overview, CancellationToken cancellationToken)
    {
        var current = await providers.Configured.CurrentModelAsync(overview.TenantId, cancellationToken);
        if (overview.Model == current.Name && overview.NextModel is null && !overview.IsIncomplete)
        {
            return;
        }

        await store.AnnounceAsync(overview.TenantId, current.Name, cancellationToken);
        var (documentId, chunk) = (Guid.Empty, -1);
        while (true)
        {
            StepBegins();
            var missing = await store.MissingAsync(overview.TenantId, current.Name, documentId, chunk,
                cancellationToken);
            if (missing.Count == 0)
            {
                break;
            }

            if (!await EmbedAsync(overview, current, missing, cancellationToken))
            {
                return;
            }

            (documentId, chunk) = (missing[^1].DocumentId, missing[^1].Number);
        }

        if (await store.SwitchAsync(overview.TenantId, current.Name, cancellationToken)
            && overview.Model != current.Name)
        {
            LogSwitched(overview.TenantId, overview.Model, current.Name);
        }
    }

    private async Task<bool> EmbedAsync(
        CorpusOverview overview, EmbeddingModel model, IReadOnlyList<StoredChunk> missing,
            CancellationToken cancellationToken)
    {
        var tenantId = overview.TenantId;
        var isAnswering = new CorpusState(overview.Revision, overview.Model, model.Name)
            .AnsweringModel(providers) == model.Name;
        foreach (var group in missing.Chunk(Limits.TextsPerEmbedding))
        {
            var inputs = group.Select(chunk => new EmbeddingInput(
                chunk.Title + "\n\n" + chunk.Text, TermVector.FromBytes(chunk.Terms)));
            var outcome = await providers.Configured.EmbedAsync(
                tenantId, model.Name, [.. inputs], EmbeddingPurpose.Text, cancellationToken);
            if (outcome.Failure is { } failure)
            {
                LogNotRenewed(tenantId, model.Name, failure);
                return false;
            }

            var vectors = group.Select((chunk, i) => new ChunkVector(
                chunk.DocumentId, chunk.Number, model.Name,
                Vectors.ToHalfVector(outcome.Vectors[i]), chunk.ContentHash));
            await documents.AddVectorsAsync(tenantId, [.. vectors], isAnswering, cancellationToken);
        }

        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sweep of {What} was cut off; the next one goes on")]
    private partial void LogFailed(Exception exception, string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sweep of {What} was cut off {Count} more times: {Reason}")]
    private partial void LogRepeated(string what, long count, string reason);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Learnt a model for tenant {TenantId} from {Texts} texts and {Terms} terms in {Duration}")]
    private partial void LogTrained(Guid tenantId, int texts, int terms, TimeSpan duration);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Tenant {TenantId} answers with model {New} instead of {Old}")]
    private partial void LogSwitched(Guid tenantId, string old, string @new);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Vectors of tenant {TenantId} for model {Model} have to wait: {Reason}")]
    private partial void LogNotRenewed(Guid tenantId, string model, string reason);
}
