using App.Signs.Fingerspelling;
using App.Signs.Fingerspelling.Live;

namespace App.Tests.Signs.Fingerspelling.Live;

/// <summary>Smoothing and words, without a socket.</summary>
public sealed class SpellingTests
{
    private readonly WordBuilder word = new(TimeSpan.FromMilliseconds(600), TimeSpan.FromMilliseconds(1500));
    private TimeSpan now = TimeSpan.FromDays(3);

    [Fact]
    public void One_stray_frame_does_not_change_the_letter()
    {
        var window = new LetterWindow(5);
        for (var i = 0; i < 5; i++) Assert.Equal('C', window.Push(Of('C', 0.8f)).Letter);
        var smoothed = window.Push(Of('O', 0.99f));
        Assert.Equal('C', smoothed.Letter);
        Assert.Equal(0.64f, smoothed.Confidence, 3);
    }

    [Fact]
    public void Votes_are_weighed_by_confidence()
    {
        var window = new LetterWindow(3);
        window.Push(Of('U', 0.5f));
        window.Push(Of('U', 0.4f));
        Assert.Equal('V', window.Push(Of('V', 0.95f)).Letter);
    }

    [Fact]
    public void A_window_of_one_is_the_frame_and_of_two_equals_the_newer_wins()
    {
        Assert.Equal(Of('X', 0.7f), new LetterWindow(1).Push(Of('X', 0.7f)));
        var window = new LetterWindow(2);
        window.Push(Of('A', 0.6f));
        Assert.Equal('B', window.Push(Of('B', 0.6f)).Letter);
        Assert.Equal('B', window.Push(Of('A', 0.5f)).Letter);
    }

    [Fact]
    public void Frames_without_a_letter_outvote_it_in_the_end()
    {
        var window = new LetterWindow(5);
        for (var i = 0; i < 5; i++) window.Push(Of('A', 0.9f));
        var letters = Enumerable.Range(0, 5).Select(_ => window.Push(new LetterGuess(0, 0.2f, false)).Letter).ToList();
        Assert.Equal(['A', 'A', null, null, null], letters);
    }

    [Fact]
    public void A_letter_that_is_held_is_accepted_once()
    {
        Show('A', 500);
        Assert.Equal(("", 'A'), (word.Text, word.Held));
        Assert.InRange(word.Progress, 0.7, 0.9);
        Show('A', 3000);
        Assert.Equal(("A", null), (word.Text, word.Held));
        Assert.Equal(0, word.Progress);
    }

    [Fact]
    public void A_double_letter_is_let_go_between()
    {
        Show('L', 700);
        Show(null, 100);
        Show('L', 700);
        Assert.Equal("LL", word.Text);
        now += TimeSpan.FromMilliseconds(600);
        Show('L', 700);
        Assert.Equal("LLL", word.Text);
    }

    [Fact]
    public void A_letter_that_is_passed_through_is_none()
    {
        Show('A', 700);
        Show('E', 300);
        Show('B', 700);
        Assert.Equal("AB", word.Text);
    }

    [Fact]
    public void A_pause_begins_a_word_and_words_have_one_space_between()
    {
        Show('A', 700);
        Show(null, 2000);
        Show('E', 200);
        Show(null, 200);
        Show('B', 700);
        word.Do(SpellingCommand.Space);
        now += TimeSpan.FromSeconds(5);
        Show('C', 700);
        Assert.Equal("A B C", word.Text);
    }

    [Fact]
    public void The_client_takes_back_and_begins_anew()
    {
        word.Do(SpellingCommand.Delete);
        word.Do(SpellingCommand.Space);
        Assert.Equal("", word.Text);
        Show('A', 700);
        Show('B', 700);
        word.Do(SpellingCommand.Delete);
        Assert.Equal("A", word.Text);
        word.Do(SpellingCommand.Clear);
        Assert.Equal("", word.Text);
    }

    [Fact]
    public void The_oldest_letters_go_first()
    {
        for (var i = 0; i < WordBuilder.MostCharacters + 2; i++) Show(i % 2 == 0 ? 'A' : 'B', 700);
        Assert.Equal(WordBuilder.MostCharacters, word.Text.Length);
        Assert.EndsWith("AB", word.Text);
    }

    private static LetterGuess Of(char letter, float confidence) => new(letter - 'A', confidence, true);

    private void Show(char? letter, int ms)
    {
        for (var end = now + TimeSpan.FromMilliseconds(ms); now <= end; now += TimeSpan.FromMilliseconds(33)) word.Show(letter, now);
    }
}
