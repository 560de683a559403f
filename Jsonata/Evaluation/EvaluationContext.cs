using System.Runtime.CompilerServices;
using Workflows.Jsonata.Compilation;
using Workflows.Jsonata.Syntax;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

/// <summary>Everything one evaluation shares: the budget, the clock, the variables of the caller.</summary>
internal sealed class EvaluationContext
{
    // Cancellation is looked at once per slice, so that a step costs one decrement.
    private const int StepsPerSlice = 1024;

    // One spare per thread, so that an evaluation that builds nothing allocates nothing.
    [ThreadStatic]
    private static EvaluationContext? _spare;

    private JsonataOptions _options;
    private long _stepsLeft;
    private long _bytesLeft;
    private TimeSpan _matching;
    private int _sliceLeft;
    private int _depth;
    private DateTimeOffset? _now;
    private Dictionary<(string Source, Scope Scope), Node>? _programs;

    public EvaluationContext(JsonataOptions options, in JsonataValue root)
    {
        RootFrame = new Frame(this, null, Scope.Empty);
        _options = options;
        Limits = options.Limits;
        Reset(options, root);
    }

    public JsonataLimits Limits { get; private set; }

    public JsonataValue Root { get; private set; }

    public IReadOnlyDictionary<string, JsonataValue>? Variables { get; private set; }

    /// <summary>The frame of expressions that bind no variable at their top level.</summary>
    public Frame RootFrame { get; }

    /// <summary>A function took hold of variables of this evaluation, and may outlive it.</summary>
    public bool HasClosures { get; set; }

    /// <summary>A context for one evaluation, to be given back with <see cref="Return"/> when that succeeded.</summary>
    public static EvaluationContext Rent(JsonataOptions options, in JsonataValue root)
    {
        var context = _spare;
        if (context is null)
        {
            return new EvaluationContext(options, root);
        }

        _spare = null;
        context.Reset(options, root);
        return context;
    }

    public void Return()
    {
        if (!HasClosures)
        {
            // What the evaluation saw must not live as long as the thread.
            Root = default;
            Variables = null;
            TailFunction = null;
            TailArguments = [];
            _programs = null;
            _options = JsonataOptions.Default;
            _spare = this;
        }
    }

    private void Reset(JsonataOptions options, in JsonataValue root)
    {
        _options = options;
        Root = root;
        Limits = options.Limits;
        Variables = options.Variables;
        _stepsLeft = options.Limits.MaxSteps;
        _bytesLeft = options.Limits.MaxBytes;
        _matching = TimeSpan.Zero;
        _depth = 0;
        _now = null;
        Refill(0);
    }

    public Random Random => _options.Random ?? Random.Shared;

    /// <summary>The one instant of this evaluation.</summary>
    public DateTimeOffset Now => _now ??= _options.Now ?? _options.TimeProvider.GetUtcNow();

    /// <summary>Function and arguments of a call in tail position, which the loop of the enclosing call takes up.</summary>
    public FunctionValue? TailFunction { get; set; }

    public JsonataValue[] TailArguments { get; set; } = [];

    public JsonataOptions Options => _options;

    public long StepsTaken => Limits.MaxSteps - _stepsLeft - _sliceLeft;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step()
    {
        if (--_sliceLeft <= 0)
        {
            Refill(0);
        }
    }

    /// <summary>Work that is done in one go, such as copying an array.</summary>
    public void Step(int count)
    {
        _sliceLeft -= Math.Min(count, StepsPerSlice);
        if (_sliceLeft <= 0 || count > StepsPerSlice)
        {
            Refill(Math.Max(0, count - StepsPerSlice));
        }
    }

    /// <summary>Building text costs steps too, so that no program fills the memory with long strings.</summary>
    public void StepForText(int length)
    {
        Build((long)length * sizeof(char));
        Step((length >> 3) + 1);
    }

    /// <summary>Reading text that is there already: a search through a megabyte is no single step.</summary>
    /// <param name="length">Bytes or UTF-16 code units.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StepForReading(int length)
    {
        if (length >= Jsonata.Limits.FreeTextLength)
        {
            Step(length >> 6);
        }
    }

    /// <summary>Counts what is built, before it is.</summary>
    /// <param name="bytes">Its size, about.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Build(long bytes)
    {
        _bytesLeft -= bytes;
        if (_bytesLeft < 0)
        {
            ThrowBytes();
        }
    }

    /// <summary>Counts the items of an array or the members of an object that is about to be built.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void BuildItems(int count) =>
        Build(Jsonata.Limits.ContainerBytes + ((long)count * Jsonata.Limits.ItemBytes));

    private void ThrowBytes() => throw Errors.Of("U1009", value: Text(Limits.MaxBytes));

    /// <summary>Counts the time of a match; each is bounded by itself, and a program may try many.</summary>
    /// <returns>False when the matches of this evaluation together have taken too long.</returns>
    public bool CountMatching(TimeSpan taken)
    {
        _matching += taken;
        return _matching <= TimeSpan.FromMilliseconds(
            (double)Limits.RegexTimeoutMilliseconds * Jsonata.Limits.RegexTimeouts);
    }

    private void Refill(int extra)
    {
        _options.CancellationToken.ThrowIfCancellationRequested();
        _stepsLeft -= extra;
        if (_stepsLeft <= 0)
        {
            throw Errors.Of("U1002", value: Text(Limits.MaxSteps));
        }

        _sliceLeft = (int)Math.Min(StepsPerSlice, _stepsLeft);
        _stepsLeft -= _sliceLeft;
    }

    /// <summary>Goes one call or one level of data deeper; <see cref="Leave"/> comes back. After an error nobody goes on.</summary>
    public void Enter()
    {
        if (++_depth > Limits.MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw TooDeep();
        }
    }

    public void Leave() => _depth--;

    public JsonataException TooDeep() => Errors.Of("U1001", value: Text(Limits.MaxDepth));

    public void CheckLength(long count)
    {
        if (count > Limits.MaxSequenceLength)
        {
            throw Errors.Of("U1003", value: Text(Limits.MaxSequenceLength));
        }
    }

    public void CheckString(long length)
    {
        if (length > Limits.MaxStringLength)
        {
            throw Errors.Of("U1004", value: Text(Limits.MaxStringLength));
        }
    }

    /// <summary>Adds to a list within the limits.</summary>
    public void Add(ValueList list, in JsonataValue value)
    {
        if (list.Count >= Limits.MaxSequenceLength)
        {
            CheckLength(list.Count + 1L);
        }

        Build(Jsonata.Limits.ItemBytes);
        list.Add(value);
    }

    /// <summary>A compiled text of $eval, kept for the next item that evaluates the same in the same scope.</summary>
    public Node Program(string source, Scope scope)
    {
        _programs ??= [];
        if (!_programs.TryGetValue((source, scope), out var program))
        {
            program = Compiler.CompileWithin(Parser.Parse(source), scope);
            if (_programs.Count < Jsonata.Limits.MaxCachedPrograms)
            {
                _programs.Add((source, scope), program);
            }
        }

        return program;
    }

    private static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
