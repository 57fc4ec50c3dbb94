"""What words weigh in a message to a support desk: −4 is as bad as it gets, 4 as good.

Words that only say what a ticket is about (error, problem, failed, urgent, help, support) weigh nothing: who reports a
crash calmly is calm. Neither do forms of politeness (kind regards, please, thanks in advance).
"""

from __future__ import annotations

_WEIGHTS = {
    -4.0: """
        unacceptable outrageous disgraceful despicable deplorable infuriated enraged scandalous scammed robbed
        disgusting appalling furious hate hated scam fraud thieves crooks liars lied shameful atrocious abysmal
    """,
    -3.2: """
        terrible horrible awful worst useless ridiculous pathetic angry disaster livid nightmare garbage rubbish
        incompetent insulting outraged unprofessional unbelievable joke rude crap shit bullshit damn hell
        fucking infuriating ludicrous cheated betrayed ripoff rip-off farce clueless abused fiasco catastrophe
        catastrophic unusable intolerable inexcusable inexplicable laughable
    """,
    -2.5: """
        frustrated frustrating frustration disappointed disappointing disappointment annoyed annoying annoyance
        upset unhappy poor poorly dreadful ignored ignoring fed-up sick tired regret unreliable absurd shocking
        shocked dissatisfied complain complaint complaining mess messed wasted waste misleading misled hopeless
        lousy irritated irritating stressed painful painfully unfair insult fobbed dread dreading offended
        exhausted exhausting exasperated exasperating distrust dishonest negligent careless neglected abandoned
        outdated amateurish inadequate disrespectful aggravating agonising tedious dissatisfaction unpleasant
        regrettable miserable
    """,
    -1.5: """
        bad badly worse sad worried worrying worry concerned concerning confusing confused unfortunately sadly
        struggling struggle impatient clunky shame cumbersome flaky glitchy unstable unresponsive unhelpful
        broken breaks nuisance hassle discouraged uneasy dissuaded suffer suffering suffers fail-prone missed
        overcharged disrupted buggy slow sloppy lacking inconvenient embarrassing embarrassed hardly silence
        excuses excuse pointless mistake unclear
    """,
    1.5: """
        good nice glad happy pleased helpful smooth smoothly easy easily quick quickly swift swiftly prompt
        promptly pleasant pleasure polite patient neat handy satisfied comfortable intuitive cool sorted
        appreciated fast friendly useful relieved relief
    """,
    0.5: """
        thanks thank cheers fine well clear better welcome works worked working solved fixed
    """,
    2.3: """
        great excellent appreciate grateful thankful impressed enjoy enjoying enjoyed love loved lovely
        delighted brilliant perfectly perfect wonderful helped kudos legend recommend terrific splendid stellar
        lifesaver champion hero magic gem joy fabulous favourite praise praised excited stars congratulations
        bravo beautiful beautifully
    """,
    3.0: """
        amazing awesome fantastic superb outstanding exceptional flawless incredible thrilled best phenomenal
    """,
}

#: Words that decide together, before each of them is weighed; of two that begin alike the longer one counts.
_PHRASES = {
    -3.6: "waste of time|waste of money|beyond a joke|beyond frustrating|joke of a|absolute joke|had enough"
          "|lost patience|last straw|cancel everything|never again|what a joke|legal action|our lawyer|money back",
    -2.6: "fed up|let down|let us down|sick of|sick and tired|tired of|no response|no reply|no answer"
          "|nobody answers|nobody replies|still waiting|still no|keep waiting|keeps happening|yet again|once again"
          "|third time|fourth time|fifth time|how many times|how much longer|how long does it take|not good enough"
          "|no one cares|nobody cares|looking for alternatives|looking at alternatives|switching to|not acceptable"
          "|second time|cancel our|cancel my|without any warning|for weeks now|for days now|over a week"
          "|running out of patience|losing patience|losing customers|losing money|paying for this"
          "|what are we paying|wasted hours|wasted days|hung up on|on hold for|getting old|human being"
          "|a real person|considering leaving|thinking of leaving|thinking about leaving|we are leaving"
          "|we're leaving|moving away from|another outage|goes on like this|if this goes on|what is going on"
          "|what's going on|at a loss|wit's end|lost trust|lose trust|loses trust|losing trust|how is this possible"
          "|how can this be|how can that be|am i supposed|are we supposed|ignore me|ignore us|hours of work"
          "|days of work|the runaround|canned answer|canned answers|nothing happens|nothing happened"
          "|nothing has happened|nothing works|nothing helped|nobody helps|no one answers|no one replies"
          "|never heard|heard nothing|been waiting|why should i|why should we|expected better|expected more"
          "|this price|broken promises|months in a row|getting worse|gets worse|not amused|every single time"
          "|not the first time|at the end of my|makes no sense|can you even|costing us|weeks in a row"
          "|month in a row|time in a row|days in a row",
    -1.6: "a bit disappointed|not ideal|too slow|very slow|lost our data|lost my data|lost our work|wrong again",
    0.0: "thanks in advance|thank you in advance|many thanks in advance|kind regards|best regards|warm regards"
         "|best wishes|many thanks|with thanks|all the best|kindest regards|good morning|good afternoon"
         "|good evening|good day|hope you are well|hope you're well|hope all is well|hope this finds you well"
         "|as well as|as well|thanks for your help in|would be great|would be nice|would be good|would be helpful"
         "|would appreciate|would be appreciated|is appreciated|be glad|be happy to|would love|would like"
         "|well known|better way|best way|good reason|good time|best time|make sure|sorry to bother|sorry for"
         "|thanks for getting back|thank you for getting back|thanks for your reply|thank you for your reply"
         "|thanks for the reply|works as|not sure|not urgent|no rush|no problem|no worries|no hurry"
         "|it used to work|it worked before|worked yesterday|worked fine until|worked fine yesterday"
         "|works for others|fine on|works on|works in|works with|works fine on|works fine in|fast enough"
         "|well before|free of|lost connection|tried turning|disaster recovery|do you recommend|bad password"
         "|bad passwords|bad request|bad gateway|broken link|broken links|would you recommend|you would recommend",
    1.9: "can't thank you enough|cannot thank you enough|thanks so much|thank you so much|thanks a lot"
         "|thank you very much|works now|working now|fixed now|all good|all sorted|works again|working again"
         "|works perfectly|spot on|well done|nice work|good job|great job|keep it up|big thanks|huge thanks"
         "|happy to confirm|can confirm it works|works like a charm|problem solved|exactly what we needed"
         "|exactly what i needed|saved me|saved us|saved the day|made my day|you rock|that did it|did the trick"
         "|above and beyond",
}  # fmt: skip

_EMOJI = {
    -3.2: "😡 🤬 😤 💩 🖕",
    -2.0: "😠 👎 😞 😢 😭 🙁 ☹ 😒 🙄 😩 😫 :( :-( :/ ):",
    1.5: "🙂 😊 😀 😃 😄 🙏 :) :-) ;) :D",
    2.5: "👍 ❤ ❤️ 🎉 😍 🥳 👏 🙌 💪",
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _by_word(weighed: dict[float, str], apart: str | None) -> dict[str, float]:
    return {" ".join(word.split()): weight for weight, words in weighed.items() for word in words.split(apart)}


#: Per cent by which they strengthen the word that they stand before.
BOOSTERS = dict.fromkeys(_words("""
    absolutely completely totally extremely incredibly really very so utterly truly deeply highly seriously thoroughly
    entirely beyond super insanely ridiculously unbelievably
"""), 30) | dict.fromkeys(_words("slightly somewhat little bit fairly kinda mildly rather"), -30)  # fmt: skip

NEGATIONS = _words("""
    not no never none nobody nothing neither nor cannot can't couldn't don't doesn't didn't won't wouldn't shouldn't
    isn't aren't wasn't weren't hasn't haven't hadn't ain't without hardly barely dont doesnt didnt isnt wasnt wont cant
""")


WORDS = _by_word(_WEIGHTS, None)
PHRASES = _by_word(_PHRASES, "|")
EMOJI = _by_word(_EMOJI, None)

#: Words by which a language is known. Words that two of them share tell nothing.
ENGLISH = _words("""
    the and you your we our is are was were be been have has had do does did it its it's this that these those of to in
    on for with from at by not no but if when what how why can could would should will i i'm i've we're we've my me us
    they there still just after before since because please hello hi dear about any again all get got now an a as
    or than then been into out up only am don't doesn't didn't can't thank thanks who which while here every
""")
FOREIGN = _words("""
    der die das und ist nicht ich wir sie ein eine mit für auf bitte danke hallo aber wenn wie kann können mein meine
    unser unsere haben habe seit noch schon sehr geht vielen dank guten ihr ihre dem den von zu im auch nur oder
    le la les des est pas nous vous je une avec pour sur merci bonjour mais mon notre votre depuis très encore dans du
    et un au ce cette ne que qui el los las por para con gracias hola pero mi nuestro muy desde todavía está estamos
    tenemos una del y es lo como il gli che non sono con per grazie ciao buongiorno ma nostro ancora abbiamo questo
    della het een niet wij mijn onze maar dank bedankt graag werkt nog met voor van zijn hebben o os não obrigado
    olá nosso ainda temos uma em jest nie się dziękuję proszę mam jak och inte det jag tack hej vår
""") - ENGLISH - _words("die a o con es met")  # fmt: skip
