namespace Workflows.Api.Knowledge;

/// <summary>Asks a model.</summary>
internal interface IAnswerModel
{
    /// <param name="model">Which one; null = the tenant's own choice.</param>
    /// <returns>What it wrote, or why there is nothing.</returns>
    Task<(string? Text, string? Notice)> AskAsync(
        string? model, GroundedMessages messages, CancellationToken cancellationToken);
}

/// <summary>Where no models are set up: says so.</summary>
internal sealed class NoAnswerModel : IAnswerModel
{
    public Task<(string? Text, string? Notice)> AskAsync(
        string? model, GroundedMessages messages, CancellationToken cancellationToken) =>
        Task.FromResult<(string?, string?)>((null, "No model is set up that could answer; these are the passages."));
}

/// <summary>An answer out of passages: the prompt, the model, and what its sentences rest on.</summary>
internal sealed class GroundedAnswer(IAnswerModel model)
{
    public async Task<AnswerView> AnswerAsync(
        string question, string? modelName, PassagesView found, CancellationToken cancellationToken)
    {
        if (found.Passages.Count == 0)
        {
            // Without passages a model could only tell what it makes up.
            return new AnswerView(question, null, [], [], "No article says anything about this.");
        }

        var (text, notice) = await model.AskAsync(
            modelName, GroundedPrompt.Build(question, found.Passages), cancellationToken);
        if (text is null)
        {
            return new AnswerView(question, null, [], found.Passages, notice ?? found.Notice);
        }

        var sentences = CitationChecker.Check(text, found.Passages.Count);
        return new AnswerView(
            question, CitationChecker.Text(sentences), sentences, found.Passages, notice ?? found.Notice);
    }
}
